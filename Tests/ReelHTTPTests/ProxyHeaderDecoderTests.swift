import ReelHTTP
import TestSupport
import Testing

/// Both versions of the PROXY protocol, as HAProxy's `proxy-protocol.txt` has them.
struct ProxyHeaderDecoderTests {
    private static let signature: [UInt8] = [
        13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10,
    ]
    private static let v4: [UInt8] = [203, 0, 113, 9, 10, 0, 0, 1, 0xC0, 0x01, 0x01, 0xBB]
    private static let v6 =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]
        + [UInt8](repeating: 1, count: 16) + [0x12, 0x34, 0, 80]

    private static func second(
        _ command: UInt8,
        _ family: UInt8,
        _ content: [UInt8] = [],
        length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? content.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + content
    }

    /// Whatever way the bytes are cut, the outcome and the place of its end are the same.
    private func outcome(_ header: [UInt8]) -> ProxyHeaderDecoder.Outcome? {
        let after = Array("GET / HTTP/1.1\r\n".utf8)
        var found: [(ProxyHeaderDecoder.Outcome?, Int)] = []
        for feeder in ByteFeeder.all(seed: 7) {
            var decoder = ProxyHeaderDecoder()
            var taken = 0
            for piece in feeder.pieces(of: header + after) where decoder.outcome == nil {
                taken += decoder.take(piece.span)
            }
            found.append((decoder.outcome, taken))
        }
        for (outcome, taken) in found { #expect(outcome == found[0].0 && taken == found[0].1) }
        switch found[0].0 {
        case .client, .proxyItself: #expect(found[0].1 == header.count)
        case .refused, nil: break
        }
        return found[0].0
    }

    @Test(arguments: [
        ("TCP4 192.0.2.1 192.0.2.2 56324 443", "192.0.2.1", 56_324),
        ("TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255", 65_535),
        ("TCP6 2001:db8::1 ::1 0 8443", "2001:db8::1", 0),
        ("TCP6 ::ffff:10.1.2.3 ::1 1 1", "10.1.2.3", 1),
    ])
    func `a line of version 1 names the client`(line: String, address: String, port: UInt16) throws
    {
        let client = ProxyHeaderDecoder.Outcome.client(try #require(IPAddress(address)), port: port)
        #expect(outcome(Array("PROXY \(line)\r\n".utf8)) == client)
    }

    @Test(arguments: [
        "UNKNOWN", "UNKNOWN ", "UNKNOWN anything \0 at all",
        "UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535",
    ])
    func `a line of version 1 may name nobody`(line: String) {
        #expect(outcome(Array("PROXY \(line)\r\n".utf8)) == .proxyItself)
    }

    @Test(arguments: [
        "", "TCP4", "TCP4 ", "TCP5 1.1.1.1 1.1.1.1 1 1", "tcp4 1.1.1.1 1.1.1.1 1 1",
        "TCP4  1.1.1.1 1.1.1.1 1 1", "TCP4 1.1.1.1 1.1.1.1 1 1 ", "TCP4 1.1.1.1 1.1.1.1 1",
        "TCP4 1.1.1.1 1.1.1.1 1 1 1", "TCP4 1.1.1.1\t1.1.1.1 1 1", "TCP4 1.1.1 1.1.1.1 1 1",
        "TCP4 01.1.1.1 1.1.1.1 1 1", "TCP4 ::1 ::1 1 1", "TCP6 1.1.1.1 1.1.1.1 1 1",
        "TCP6 ::1%lo ::1 1 1", "TCP6 [::1] ::1 1 1", "TCP4 1.1.1.1 x 1 1",
        "TCP4 1.1.1.1 1.1.1.1 65536 1", "TCP4 1.1.1.1 1.1.1.1 1 65536",
        "TCP4 1.1.1.1 1.1.1.1 01 1", "TCP4 1.1.1.1 1.1.1.1 +1 1", "TCP4 1.1.1.1 1.1.1.1 -1 1",
        "TCP4 1.1.1.1 1.1.1.1  1", "TCP4 1.1.1.1 1.1.1.1 1 1\r", "UNKNOWNS", "unknown",
        "TCP4 1.1.1.1\0 1.1.1.1 1 1",
    ])
    func `a malformed line of version 1 is refused`(line: String) {
        #expect(outcome(Array("PROXY \(line)\r\n".utf8)) == .refused(.malformedLine))
    }

    @Test func `a line of version 1 ends with CR and LF within 107 bytes`() {
        #expect(outcome(Array("PROXY UNKNOWN\n".utf8)) == .refused(.malformedLine))
        let longest = "PROXY UNKNOWN " + String(repeating: "x", count: 91)
        #expect(outcome(Array((longest + "\r\n").utf8)) == .proxyItself)
        #expect(outcome(Array((longest + "x\r\n").utf8)) == .refused(.lineTooLong))
    }

    @Test func `version 2 names the client of a stream`() throws {
        let first = try #require(IPAddress("203.0.113.9"))
        #expect(outcome(Self.second(0x21, 0x11, Self.v4)) == .client(first, port: 0xC001))
        let other = try #require(IPAddress("2001:db8::7"))
        #expect(outcome(Self.second(0x21, 0x21, Self.v6)) == .client(other, port: 0x1234))
    }

    @Test func `extensions of version 2 are passed over, whatever they hold`() throws {
        let client = ProxyHeaderDecoder.Outcome.client(
            try #require(IPAddress("203.0.113.9")),
            port: 0xC001
        )
        for byteCount in [1, 3, 200, ProxyHeaderDecoder.contentByteCountMax - 12] {
            let extensions = [UInt8](repeating: 0xFF, count: byteCount)
            #expect(outcome(Self.second(0x21, 0x11, Self.v4 + extensions)) == client)
        }
    }

    @Test(arguments: [
        second(0x20, 0xFF), second(0x20, 0x41, v4), second(0x20, 0x03, [1, 2, 3]),
        second(0x20, 0x00), second(0x20, 0x11, v4), second(0x20, 0x11), second(0x20, 0x21, v4),
        second(0x21, 0x00), second(0x21, 0x00, v4), second(0x21, 0x01, v4), second(0x21, 0x10, v4),
        second(0x21, 0x12, v4), second(0x21, 0x22, v6),
        second(0x21, 0x31, [UInt8](repeating: 0x2F, count: 216)),
        second(0x21, 0x32, [UInt8](repeating: 0x2F, count: 220)),
    ])
    func `version 2 may name nobody`(header: [UInt8]) {
        #expect(outcome(header) == .proxyItself)
    }

    @Test(arguments: [
        (second(0x11, 0x11, v4), ProxyHeaderFault.unknownVersion),
        (second(0x31, 0x11, v4), .unknownVersion), (second(0x01, 0x11, v4), .unknownVersion),
        (second(0x22, 0x11, v4), .unknownCommand), (second(0x2F, 0x11, v4), .unknownCommand),
        (second(0x21, 0x41, v4), .unknownFamily), (second(0x21, 0x13, v4), .unknownFamily),
        (second(0x21, 0xFF, v4), .unknownFamily),
        (second(0x21, 0x11), .tooShort), (second(0x21, 0x11, v4, length: 11), .tooShort),
        (second(0x21, 0x21, v4), .tooShort), (second(0x21, 0x31, v6), .tooShort),
        (second(0x21, 0x11, v4, length: 4097), .tooLong),
        (second(0x20, 0x00, [], length: 65_535), .tooLong),
        (Array("GET / HTTP/1.1\r\n\r\n".utf8), .noSignature), (Array("PROXx".utf8), .noSignature),
        (Array("PROXY\t".utf8), .noSignature), (Array("\r\n\r\nGET".utf8), .noSignature),
        ([0x16, 3, 1], .noSignature), (Array("proxy TCP4".utf8), .noSignature),
    ])
    func `what is no header is refused at its first wrong byte`(
        header: [UInt8],
        fault: ProxyHeaderFault
    ) {
        #expect(outcome(header) == .refused(fault))
    }

    @Test func `nothing is decided before the last byte`() {
        let headers = [
            Array("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n".utf8), Self.second(0x21, 0x21, Self.v6),
            Self.second(0x20, 0x00), Self.second(0x21, 0x11, Self.v4 + [4, 0, 1, 0]),
        ]
        for header in headers {
            for count in 0..<header.count {
                var decoder = ProxyHeaderDecoder()
                let part = Array(header[..<count])
                let taken = decoder.take(part.span)
                #expect(taken == count)
                #expect(decoder.outcome == nil)
            }
        }
    }

    @Test func `no byte is taken after the end`() {
        var decoder = ProxyHeaderDecoder()
        let bytes = Array("PROXY UNKNOWN\r\nGET".utf8)
        let taken = decoder.take(bytes.span)
        #expect(taken == 15)
        let more = decoder.take(bytes.span)
        #expect(more == 0)
    }
}
