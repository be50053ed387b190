import ReelCrypto
import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct HTTPSServerTests {
    /// A server of HTTPS that is up while a test's body runs.
    private struct Running {
        let server: HTTPServer
        let port: UInt16
        let metrics: Metrics
        let credentials: TLSCredentials
        let authority: TestAuthority

        func connect() async throws -> TLSClient {
            let client = try TLSClient(
                try await TCPClient.connect(port: port),
                trusting: authority.rootPEM
            )
            try await client.handshake()
            return client
        }

        func failures(_ reason: String) -> Int64 {
            metrics.counter(
                "reelhook_tls_failures_total",
                help: "Handshakes and sessions that failed, by reason.",
                labels: ["listener": "test", "reason": reason]
            ).value
        }
    }

    private func withServer(
        configure: (inout HTTPServerConfiguration) -> Void = { _ in },
        handler: @escaping HTTPHandler = echo,
        _ body: (Running) async throws -> Void
    ) async throws {
        let authority = try TestAuthority()
        let issued = try authority.issue("server")
        let (metrics, pool) = (Metrics(), BlockingPool(threadCount: 1))
        defer { pool.close() }
        let time = SystemTimeSource()
        let logger = Logger(sink: SilentSink(), level: .debug, time: time, component: "test")
        let credentials = try await TLSCredentials(
            TLSSettings(certificatePath: issued.certificatePath, keyPath: issued.keyPath),
            listener: "test",
            pool: pool,
            time: time,
            logger: logger,
            metrics: metrics
        )
        var configuration = HTTPServerConfiguration(binding: .host("127.0.0.1", port: 0))
        configuration.openTimeout = .seconds(300)
        configuration.headTimeout = .seconds(300)
        configuration.idleTimeout = .seconds(300)
        configure(&configuration)
        let server = HTTPServer(
            configuration: configuration,
            tls: credentials,
            handler: handler,
            logger: logger,
            metrics: metrics,
            time: time
        )
        let port = try server.bind().port
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            defer { server.stop() }
            try await body(
                Running(
                    server: server,
                    port: port,
                    metrics: metrics,
                    credentials: credentials,
                    authority: authority
                )
            )
        }
    }

    @Test func `a request is answered, and the end is said`() async throws {
        try await withServer { running in
            let client = try await running.connect()
            try await client.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let answer = try await client.receiveTextToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.hasSuffix("GET /a "))
        }
    }

    @Test func `content of several megabytes goes both ways`() async throws {
        try await withServer { configuration in
            configuration.limits.bodyByteCountMax = 8 << 20
        } handler: { request, _ in
            HTTPResponse(.ok, body: .bytes(request.body))
        } _: { running in
            let client = try await running.connect()
            let body = SeededRandomSource(seed: 3).bytes(3 << 20)
            let head =
                "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            let wire = try client.encrypted(Array(head.utf8) + body)
            try await client.connection.send(wire)
            let answer = try await client.receiveToEnd()
            #expect(Array(answer.suffix(body.count)) == body)
        }
    }

    @Test func `a handshake and a request that come byte by byte are served`() async throws {
        try await withServer { running in
            let client = try await running.connect()
            let wire = try client.encrypted(
                Array("GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
            )
            for byte in wire { try await client.connection.send([byte]) }
            #expect(try await client.receiveTextToEnd().hasSuffix("GET /b "))
        }
    }

    @Test func `plain HTTP is told so in plain words, and garbage is closed`() async throws {
        try await withServer { running in
            let plain = try await TCPClient.connect(port: running.port)
            try await plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try await plain.receiveTextToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nThis port speaks HTTPS\n"))
            let garbage = try await TCPClient.connect(port: running.port)
            try await garbage.send([0, 1, 2, 3])
            #expect(try await garbage.receiveToEnd().isEmpty)
            #expect(running.failures("plain_http") == 1)
            #expect(running.failures("not_tls") == 1)
        }
    }

    @Test func `a client that stalls in the handshake is closed at the limit`() async throws {
        try await withServer { configuration in
            configuration.openTimeout = .milliseconds(30)
        } _: { running in
            let silent = try await TCPClient.connect(port: running.port)
            try? await silent.send([22, 3, 1])
            // Closed or reset: nothing is owed to it.
            let received = (try? await silent.receiveToEnd()) ?? []
            #expect(received.isEmpty)
            let timeouts = running.metrics.counter(
                "reelhook_http_timeouts_total",
                help: "Connections that were ended because the client was too slow, by phase.",
                labels: ["listener": "http", "phase": "handshake"]
            )
            while timeouts.value == 0 { await Task.yield() }
        }
    }

    @Test func `who stalls while there are too many keeps nobody from being told`() async throws {
        try await withServer { configuration in
            configuration.connectionCountMax = 1
            configuration.refusalCountMax = 2
            configuration.loopCount = 1
        } _: { running in
            let served = try await running.connect()
            var stalled: [TCPClient] = []
            for _ in 0..<8 {
                let client = try await TCPClient.connect(port: running.port)
                try? await client.send([22, 3, 1])
                stalled.append(client)
                // One after the other, so that each has been seen before the next comes.
                if stalled.count > 2 { _ = try? await stalled[stalled.count - 3].receiveToEnd() }
            }
            let honest = try await running.connect()
            try await honest.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await honest.receiveTextToEnd().hasPrefix("HTTP/1.1 503 "))
            try await served.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try await served.receiveTextToEnd().hasSuffix("GET /a "))
        }
    }

    @Test func `content that comes after a head that came with the handshake is waited for`()
        async throws
    {
        try await withServer { running in
            running.server.beginHandover()
            let client = try TLSClient(
                try await TCPClient.connect(port: running.port),
                trusting: running.authority.rootPEM
            )
            let head = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            try await client.handshake(sending: head + "Expect: 100-continue\r\n\r\n")
            #expect(try await client.receiveText().hasPrefix("HTTP/1.1 100 "))
            try await client.send("body")
            #expect(try await client.receiveTextToEnd().hasSuffix("POST /c body"))
        }
    }

    @Test func `who has connected is still served when the server stops`() async throws {
        try await withServer { running in
            let client = try await running.connect()
            running.server.stop()
            try await client.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try await client.receiveTextToEnd()
            #expect(answer.hasSuffix("GET /late "))
        }
    }
}
