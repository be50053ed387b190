import ReelHTTP
import ReelHTTPServer
import ReelRuntime
import TestSupport
import Testing

struct HTTPServerStreamTests {
    private struct Broken: Error {}

    /// Content from inside an actor, to which a writer must not be tied.
    private actor Maker {
        func make(_ writer: any HTTPBodyWriter) async throws {
            try await writer.write(Array("from ".utf8))
            try await writer.write(Array("an actor".utf8))
        }
    }

    private func handler(
        byteCount: Int64?,
        _ produce: @escaping @Sendable (any HTTPBodyWriter) async throws -> Void
    ) -> HTTPHandler {
        { _, _ in HTTPResponse(.ok, body: .stream(byteCount: byteCount, produce)) }
    }

    @Test func `content of a known length is written to the byte`() async throws {
        let handler = handler(byteCount: 10) { writer in
            for part in ["abc", "", "defgh", "ij"] { try await writer.write(Array(part.utf8)) }
        }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                let response = try await client.receiveResponse()
                #expect(response.contains("Content-Length: 10\r\n"))
                #expect(response.hasSuffix("\r\n\r\nabcdefghij"))
            }
        }
    }

    @Test func `content of an unknown length is sent in chunks, or to the end for HTTP 1 0`()
        async throws
    {
        let handler = handler(byteCount: nil) { writer in
            try await writer.write(Array("abc".utf8))
            try await writer.write(Array("0123456789abcdefX".utf8))
        }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try await client.receiveResponse()
            #expect(response.hasSuffix("\r\n\r\n3\r\nabc\r\n11\r\n0123456789abcdefX\r\n0\r\n\r\n"))
            let old = try await server.connect()
            try await old.send("GET / HTTP/1.0\r\n\r\n")
            #expect(try await old.receiveTextToEnd().hasSuffix("\r\n\r\nabc0123456789abcdefX"))
        }
    }

    @Test(arguments: [2, 3, 100] as [Int64?] + [nil])
    func `content that breaks off or does not keep to its length is cut`(
        byteCount: Int64?
    ) async throws {
        let handler = handler(byteCount: byteCount) { writer in
            try await writer.write([65, 66])
            if byteCount == nil || byteCount == 3 { throw Broken() }
            if byteCount == 2 { try await writer.write([67]) }
        }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let failure = await #expect(throws: TCPClient.Failure.self) {
                while try await !client.receive().isEmpty {}
            }
            #expect(failure?.isReset == true)
        }
    }

    @Test func `content can be made on an actor and in child tasks`() async throws {
        let maker = Maker()
        let handler = handler(byteCount: nil) { try await maker.make($0) }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(
                try await client.receiveResponse().hasSuffix(
                    "5\r\nfrom \r\n8\r\nan actor\r\n0\r\n\r\n"
                )
            )
        }
    }

    @Test func `much content waits for a client that reads, and comes whole`() async throws {
        let count = 12 << 20
        let handler = handler(byteCount: Int64(count)) { writer in
            let part = [UInt8](repeating: 66, count: 1 << 20)
            for _ in 0..<12 { try await writer.write(part) }
        }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.receive(through: "\r\n\r\n")
            let body = try await client.receive(exactly: count)
            let isWhole = body == [UInt8](repeating: 66, count: count)
            #expect(isWhole)
        }
    }

    @Test func `a client that goes away ends the content`() async throws {
        let failure = Locked<(any Error)?>(nil)
        let handler = handler(byteCount: nil) { writer in
            do {
                while true { try await writer.write([UInt8](repeating: 66, count: 65_536)) }
            } catch {
                failure.withLock { $0 = error }
                throw error
            }
        }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.receive()
            try client.reset()
            while failure.withLock({ $0 == nil }) { await Task.yield() }
        }
    }
}
