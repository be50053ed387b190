import ReelCrypto
import ReelRuntime
import TestSupport
import Testing

struct TLSSessionTests {
    private let material: TLSMaterial

    init() throws {
        material = try TLSMaterial.shared.get()
    }

    private func pair(
        _ version: TLSVersion? = nil,
        feeder: ByteFeeder = .whole,
        keys: TLSTicketKeys = TLSTicketKeys(time: ManualTime()),
        protocols: [String] = ["http/1.1"],
        resuming: TLSResumption? = nil
    ) throws -> TLSPair {
        TLSPair(
            client: TLSSession(
                with: try material.client(version),
                host: "localhost",
                protocols: protocols,
                resuming: resuming
            ),
            server: TLSSession(serving: try material.server(keys: keys)),
            feeder: feeder
        )
    }

    @Test(arguments: TLSVersion.allCases, ByteFeeder.all(seed: 7))
    func `both versions carry bytes both ways, however they are cut`(
        version: TLSVersion,
        feeder: ByteFeeder
    ) throws {
        let pair = try pair(version, feeder: feeder)
        pair.run()
        #expect(pair.isEstablished)
        #expect(pair.server.version == version)
        #expect(pair.server.applicationProtocol == "http/1.1")
        let modern = ["GCM", "POLY1305"]
        #expect(modern.contains { pair.server.suite.contains($0) })
        // More than one record of the largest size.
        let bytes = SeededRandomSource(seed: 1).bytes(40_000)
        try pair.send(bytes)
        #expect(pair.serverReceived == bytes)
        try pair.send(bytes, fromServer: true)
        #expect(pair.clientReceived == bytes)
        #expect(!pair.server.isClosedByPeer)
        var end: [UInt8] = []
        pair.client.close(output: &end)
        pair.run(end)
        #expect(pair.server.isClosedByPeer)
    }

    @Test func `an older version than is allowed is refused with an alert`() throws {
        let pair = TLSPair(
            client: TLSSession(with: try material.client(.tls12), host: "localhost"),
            server: TLSSession(serving: try material.server(oldestVersion: .tls13))
        )
        pair.run()
        #expect(pair.serverError == .noSharedVersion)
        // protocol_version (RFC 8446, section 6.2).
        #expect(pair.clientError == .alert(70))
    }

    @Test func `a client that names only other protocols is refused, one that names none is not`()
        throws
    {
        let other = try pair(protocols: ["h2", "spdy/3"])
        other.run()
        #expect(other.serverError == .noSharedProtocol)
        // no_application_protocol (RFC 7301, section 3.2).
        #expect(other.clientError == .alert(120))
        let none = try pair(protocols: [])
        none.run()
        #expect(none.isEstablished)
        #expect(none.server.applicationProtocol == nil)
        let several = try pair(protocols: ["h2", "http/1.1"])
        several.run()
        #expect(several.client.applicationProtocol == "http/1.1")
    }

    @Test(arguments: TLSVersion.allCases)
    func `a session goes on after the certificate has changed`(version: TLSVersion) throws {
        let keys = TLSTicketKeys(time: ManualTime())
        let first = try pair(version, keys: keys)
        first.run()
        #expect(!first.server.isResumed)
        let ticket = try #require(first.client.resumption)
        let identity = try TLSMaterial.identity(material.rsa)
        let second = TLSPair(
            client: TLSSession(
                with: try material.client(version),
                host: "localhost",
                resuming: ticket
            ),
            server: TLSSession(serving: try TLSContext(serving: identity, ticketKeys: keys))
        )
        second.run()
        #expect(second.isEstablished)
        #expect(second.server.isResumed)
        try second.send([1, 2, 3])
        #expect(second.serverReceived == [1, 2, 3])
    }

    @Test(arguments: TLSVersion.allCases)
    func `a ticket's key is kept for one period after the one that it was made in`(
        version: TLSVersion
    ) throws {
        let time = ManualTime()
        let keys = TLSTicketKeys(time: time)
        let first = try pair(version, keys: keys)
        first.run()
        let ticket = try #require(first.client.resumption)
        time.advance(by: TLSTicketKeys.period)
        let second = try pair(version, keys: keys, resuming: ticket)
        second.run()
        #expect(second.server.isResumed)
        time.advance(by: TLSTicketKeys.period)
        let third = try pair(version, keys: keys, resuming: ticket)
        third.run()
        #expect(third.isEstablished)
        #expect(!third.server.isResumed)
        // What the second was given in exchange is of the period before, and good.
        let newer = try #require(second.client.resumption)
        let fourth = try pair(version, keys: keys, resuming: newer)
        fourth.run()
        #expect(fourth.server.isResumed)
    }

    @Test func `plain HTTP and garbage are known by their first byte`() throws {
        for (text, error) in [
            ("GET / HTTP/1.1\r\n", TLSError.plainHTTP), ("delete", .plainHTTP),
            ("\u{1}\u{0}", .notTLS), ("\r\n", .notTLS), ("\u{15}\u{3}\u{1}", .notTLS),
        ] {
            let session = TLSSession(serving: try material.server())
            var output: [UInt8] = []
            #expect(throws: error) {
                try session.handshake(Array(text.utf8).span, output: &output)
            }
            #expect(output.isEmpty)
            #expect(throws: error) { try session.handshake([22].span, output: &output) }
        }
    }

    @Test(arguments: 0..<64)
    func `a handshake with a byte changed fails or is none the worse`(seed: Int) throws {
        let client = TLSSession(with: try material.client(), host: "localhost")
        var hello: [UInt8] = []
        _ = try client.handshake(Span(), output: &hello)
        let random = SeededRandomSource(seed: UInt64(seed))
        let place = 1 + Int(random.below(UInt64(hello.count - 1)))
        hello[place] ^= UInt8(1 + random.below(255))
        let session = TLSSession(serving: try material.server())
        var output: [UInt8] = []
        do throws(TLSError) {
            let used = try session.handshake(hello.span, output: &output)
            #expect(used <= hello.count)
            #expect(!session.isEstablished)
        } catch {
            #expect(error != .ended)
        }
    }

    @Test(arguments: 0..<32)
    func `random bytes after a handshake record's head end the session`(seed: Int) throws {
        let random = SeededRandomSource(seed: UInt64(seed))
        let session = TLSSession(serving: try material.server())
        var output: [UInt8] = []
        #expect(throws: TLSError.self) {
            // More than any handshake has, so that it ends by the bound if by nothing else.
            for _ in 0..<200 {
                let head: [UInt8] = [22, 3, 1, 2, 0]
                let record = head + random.bytes(512)
                _ = try session.handshake(record.span, output: &output)
            }
        }
        #expect(!session.isEstablished)
    }

    @Test func `a handshake without an end is cut at the bound`() throws {
        let session = TLSSession(serving: try material.server())
        var output: [UInt8] = []
        // A ClientHello that announces 100,000 bytes, in records of one byte.
        var fed = 0
        #expect(throws: TLSError.self) {
            var next: [UInt8] = [22, 3, 1, 0, 4, 1, 1, 0x86, 0xA0]
            while fed < 1 << 20 {
                _ = try session.handshake(next.span, output: &output)
                fed += next.count
                next = [22, 3, 1, 0, 1, 3]
            }
        }
        #expect(fed <= 70_000)
    }

    @Test func `a changed record is refused, and what came before it is kept`() throws {
        let pair = try pair()
        pair.run()
        var wire: [UInt8] = []
        try pair.client.write(Array("first".utf8).span, output: &wire)
        let good = wire.count
        try pair.client.write(Array("second".utf8).span, output: &wire)
        wire[good + 8] ^= 1
        var (received, output): ([UInt8], [UInt8]) = ([], [])
        #expect(throws: TLSError.damagedRecord) {
            try TLSPair.feed(wire, to: pair.server, &received, &output)
        }
        #expect(received == Array("first".utf8))
        // The client is told: bad_record_mac, encrypted.
        var ignored: [UInt8] = []
        #expect(throws: TLSError.alert(20)) {
            try TLSPair.feed(output, to: pair.client, &received, &ignored)
        }
        #expect(throws: TLSError.damagedRecord) {
            try pair.server.write([1].span, output: &output)
        }
    }

    @Test func `a certificate of another authority or for another host is refused`() throws {
        let stranger = try TLSContext(trusting: material.good.certificatePEM)
        let untrusted = TLSPair(
            client: TLSSession(with: stranger, host: "localhost"),
            server: TLSSession(
                serving: try TLSContext(
                    serving: TLSMaterial.identity(material.rsa),
                    ticketKeys: TLSTicketKeys(time: ManualTime())
                )
            )
        )
        untrusted.run()
        #expect(untrusted.clientError == .certificateRefused)
        let elsewhere = TLSPair(
            client: TLSSession(with: try material.client(), host: "elsewhere.example"),
            server: TLSSession(serving: try material.server())
        )
        elsewhere.run()
        #expect(elsewhere.clientError == .certificateRefused)
    }

    @Test func `nothing is written or read before the handshake`() throws {
        let session = TLSSession(serving: try material.server())
        var (buffer, output): ([UInt8], [UInt8]) = ([0], [])
        #expect(throws: TLSError.ended) { try session.write([1].span, output: &output) }
        #expect(throws: TLSError.ended) {
            try session.read([1].span, into: &buffer, output: &output)
        }
        session.close(output: &output)
        #expect(output.isEmpty)
    }
}
