import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

/// A connection that waits long gives its task up, and nobody notices.
struct HTTPServerRestTests {
    private func withRestingServer(
        configure: (inout HTTPServerConfiguration) -> Void = { _ in },
        _ body: (RunningServer) async throws -> Void
    ) async throws {
        try await withServer(
            configure: { configuration in
                configuration.restDelay = .microseconds(1)
                configure(&configuration)
            },
            handler: echo,
            body
        )
    }

    private func gauge(_ server: RunningServer, _ name: String) -> Int64 {
        server.metrics.gauge(
            name,
            help: name.hasSuffix("resting")
                ? "Open connections that have waited for a request for a while."
                : "Connections that are open.",
            labels: ["listener": "http"]
        ).value
    }

    private func waitForRest(_ server: RunningServer, _ count: Int64) async {
        while gauge(server, "reelhook_http_connections_resting") != count { await Task.yield() }
    }

    @Test func `requests are answered after each rest, whole or in pieces`() async throws {
        try await withRestingServer { server in
            let client = try await server.connect()
            for turn in 0..<5 {
                await waitForRest(server, 1)
                try await client.send("GET /\(turn) HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.receiveResponse().hasSuffix("GET /\(turn) "))
            }
            await waitForRest(server, 1)
            for byte in "\r\nPOST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".utf8 {
                try await client.send([byte])
            }
            #expect(try await client.receiveResponse().hasSuffix("POST /p abc"))
        }
    }

    @Test func `many rest at once, wake in any order, and leave nothing behind`() async throws {
        try await withRestingServer { server in
            var clients: [TCPClient] = []
            for _ in 0..<40 { clients.append(try await server.connect()) }
            await waitForRest(server, 40)
            for client in clients.reversed() {
                try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            }
            for client in clients { _ = try await client.receiveResponse() }
            await waitForRest(server, 40)
            for client in clients { client.close() }
            await waitForRest(server, 0)
            while gauge(server, "reelhook_http_connections") != 0 { await Task.yield() }
        }
    }

    @Test func `who rests too long is closed`() async throws {
        try await withRestingServer {
            $0.idleTimeout = .milliseconds(30)
        } _: { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.receiveResponse()
            #expect(try await client.receiveToEnd().isEmpty)
        }
    }

    @Test func `a connection counts against the limit while it rests, and not after its end`()
        async throws
    {
        try await withRestingServer {
            $0.connectionCountMax = 1
        } _: { server in
            let first = try await server.connect()
            await waitForRest(server, 1)
            let second = try await server.connect()
            #expect(try await second.receiveTextToEnd().hasPrefix("HTTP/1.1 503 "))
            first.close()
            while gauge(server, "reelhook_http_connections") != 0 { await Task.yield() }
            let third = try await server.connect()
            try await third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await third.receiveResponse().hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `who rests when the server stops is closed at once after its first request`()
        async throws
    {
        try await withRestingServer { server in
            let used = try await server.connect()
            try await used.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await used.receiveResponse()
            let fresh = try await server.connect()
            await waitForRest(server, 2)
            server.server.stop()
            #expect(try await used.receiveToEnd().isEmpty)
            try await fresh.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await fresh.receiveTextToEnd().hasSuffix("GET /late "))
        }
    }
}
