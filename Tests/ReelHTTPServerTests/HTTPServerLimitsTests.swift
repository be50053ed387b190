import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct HTTPServerLimitsTests {
    @Test func `a body over the limit is answered while it is still being sent`() async throws {
        try await withServer { configuration in
            configuration.limits.bodyByteCountMax = 1000
        } handler: { _, _ in
            .text(.ok, "")
        } _: { server in
            let client = try await server.connect()
            let body = [UInt8](repeating: 65, count: 2 << 20)
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n"
            try await client.send(Array(head.utf8) + body)
            let all = try await client.receiveTextToEnd()
            #expect(all.hasPrefix("HTTP/1.1 413 "))
            #expect(all.contains("Connection: close\r\n"))
        }
    }

    @Test(arguments: [
        ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 20_000))\r\n\r\n", "431"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n\r\n", "415"),
        ("nonsense\r\n\r\n", "400"),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"),
    ])
    func `what is refused is told why and closed`(request: String, status: String) async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            try await client.send(request)
            let all = try await client.receiveTextToEnd()
            #expect(all.hasPrefix("HTTP/1.1 \(status) "))
            #expect(all.contains("Connection: close\r\n"))
        }
    }

    @Test func `a client that says nothing is closed`() async throws {
        try await withServer { configuration in
            configuration.headTimeout = .milliseconds(20)
        } handler: { _, _ in
            .text(.ok, "")
        } _: { server in
            let silent = try await server.connect()
            #expect(try await silent.receiveToEnd().isEmpty)
        }
    }

    /// Connects and is answered once, so that the limit for the head begins with the next byte.
    private func connectAndAsk(_ server: RunningServer) async throws -> TCPClient {
        while true {
            let client = try await server.connect()
            do {
                try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await client.receiveResponse()
                return client
            } catch is TCPClient.Failure {
                // The first request was too slow itself, on a busy machine.
                continue
            }
        }
    }

    @Test func `a slow head is answered 408`() async throws {
        try await withServer { configuration in
            configuration.headTimeout = .milliseconds(20)
        } handler: { _, _ in
            .text(.ok, "")
        } _: { server in
            let client = try await connectAndAsk(server)
            try await client.send("GET / HTTP/1.1\r\n")
            #expect(try await client.receiveTextToEnd().hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `a trickle does not move the deadline of the head`() async throws {
        try await withServer { configuration in
            configuration.headTimeout = .milliseconds(40)
            configuration.lingerTimeout = .milliseconds(40)
        } handler: { _, _ in
            .text(.ok, "")
        } _: { server in
            let client = try await connectAndAsk(server)
            await #expect(throws: TCPClient.Failure.self) {
                try await client.send("GET / HTTP/1.1\r\nA: ")
                // Ends when the server has closed: a limit that moved would let this go on.
                for _ in 0..<100_000 { try await client.send("a") }
            }
        }
    }

    @Test func `a slow body is answered 408`() async throws {
        try await withServer { configuration in
            configuration.bodyTimeout = .milliseconds(20)
        } handler: { _, _ in
            .text(.ok, "")
        } _: { server in
            let client = try await server.connect()
            try await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
            #expect(try await client.receiveTextToEnd().hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `an idle connection is closed without a word`() async throws {
        try await withServer { configuration in
            configuration.idleTimeout = .milliseconds(20)
        } handler: { _, _ in
            .text(.ok, "x")
        } _: { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.receiveResponse().hasSuffix("x"))
            #expect(try await client.receiveToEnd().isEmpty)
        }
    }

    @Test func `a client that does not read is cut`() async throws {
        try await withServer { configuration in
            configuration.writeTimeout = .milliseconds(30)
        } handler: { _, _ in
            HTTPResponse(.ok, body: .bytes([UInt8](repeating: 65, count: 64 << 20)))
        } _: { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let timeouts = server.metrics.counter(
                "reelhook_http_timeouts_total",
                help: "Connections that were ended because the client was too slow, by phase.",
                labels: ["listener": "http", "phase": "write"]
            )
            while timeouts.value == 0 { await Task.yield() }
            await #expect(throws: TCPClient.Failure.self) { try await client.receiveToEnd() }
        }
    }

    @Test func `a client that asks and does not read is not answered for long`() async throws {
        let answered = Locked(0)
        try await withServer { configuration in
            configuration.writeTimeout = .milliseconds(30)
        } handler: { _, _ in
            answered.withLock { $0 += 1 }
            return HTTPResponse(.ok, body: .bytes([UInt8](repeating: 65, count: 16 << 10)))
        } _: { server in
            let client = try await server.connect()
            let timeouts = server.metrics.counter(
                "reelhook_http_timeouts_total",
                help: "Connections that were ended because the client was too slow, by phase.",
                labels: ["listener": "http", "phase": "write"]
            )
            let requests = String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: 500)
            try await client.send(requests)
            while timeouts.value == 0 { await Task.yield() }
            // What the two ends of the connection hold at most, of 8 MiB.
            #expect(answered.withLock { $0 } < 100)
        }
    }

    @Test func `a connection is closed after its last request`() async throws {
        try await withServer { configuration in
            configuration.requestCountMax = 2
        } handler: { _, _ in
            .text(.ok, "x")
        } _: { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.receiveResponse().contains("Connection: close") == false)
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.receiveTextToEnd().contains("Connection: close"))
        }
    }

    @Test func `one connection too many is told to come back, and a place that frees is given`()
        async throws
    {
        try await withServer { configuration in
            configuration.connectionCountMax = 2
        } handler: { _, _ in
            .text(.ok, "x")
        } _: { server in
            var kept: [TCPClient] = []
            for _ in 0..<2 {
                let client = try await server.connect()
                try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await client.receiveResponse()
                kept.append(client)
            }
            let extra = try await server.connect()
            try await extra.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let refusal = try await extra.receiveTextToEnd()
            #expect(refusal.hasPrefix("HTTP/1.1 503 "))
            #expect(refusal.contains("Retry-After: 2\r\n"))
            kept.removeFirst().close()
            var status = ""
            while !status.hasPrefix("HTTP/1.1 200") {
                let next = try await server.connect()
                try await next.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                status = try await next.receiveTextToEnd()
            }
        }
    }
}
