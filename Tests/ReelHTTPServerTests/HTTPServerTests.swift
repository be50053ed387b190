import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct HTTPServerTests {
    @Test func `a request is answered with date, length and body`() async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            try await client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
            let response = try await client.receiveResponse()
            #expect(
                response == """
                    HTTP/1.1 200 OK\r
                    Date: Sat, 21 Nov 2026 09:00:00 GMT\r
                    Content-Length: 10\r
                    \r
                    POST /a hi
                    """
            )
        }
    }

    @Test func `a connection is kept for the next request, split anywhere`() async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            let request =
                "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\n\r\n"
            for byte in request.utf8 { try await client.send([byte]) }
            #expect(try await client.receiveResponse().hasSuffix("POST /b abc"))
            for half in [request.prefix(30), request.dropFirst(30)] {
                try await client.send(String(half))
            }
            #expect(try await client.receiveResponse().hasSuffix("POST /b abc"))
        }
    }

    @Test func `pipelined requests are answered in their order`() async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            let requests = (0..<200).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }
            try await client.send(requests.joined())
            for number in 0..<200 {
                #expect(try await client.receiveResponse().hasSuffix("GET /\(number) "))
            }
        }
    }

    @Test func `the peer's address comes with the request`() async throws {
        let handler: HTTPHandler = { _, peer in .text(.ok, "\(peer.address)") }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.receiveResponse().hasSuffix("127.0.0.1"))
        }
    }

    @Test func `HEAD has the head of GET and no content`() async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            try await client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try await client.receiveResponse(isHead: true)
            #expect(response.contains("Content-Length: 10\r\n"))
            try await client.send("GET /d HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.receiveResponse().hasSuffix("GET /d "))
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ])
    func `a client that wants no other answer gets the end`(request: String) async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            try await client.send(request)
            let all = try await client.receiveTextToEnd()
            #expect(all.contains("Connection: close\r\n"))
            #expect(all.hasSuffix("GET / "))
        }
    }

    @Test func `HTTP 1 0 is kept alive when it asks`() async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let response = try await client.receiveResponse()
                #expect(response.contains("Connection: keep-alive\r\n"))
            }
        }
    }

    @Test func `a client that waits is told to go on`() async throws {
        try await withServer(handler: echo) { server in
            let client = try await server.connect()
            try await client.send(
                "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
            )
            let interim = try await client.receiveResponse()
            #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("abc")
            #expect(try await client.receiveResponse().hasSuffix("POST /e abc"))
        }
    }

    @Test func `a handler can close the connection`() async throws {
        let handler: HTTPHandler = { _, _ in HTTPResponse(.noContent, closesConnection: true) }
        try await withServer(handler: handler) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let all = try await client.receiveTextToEnd()
            #expect(all.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            #expect(all.contains("Connection: close\r\n"))
            #expect(!all.contains("Content-Length"))
        }
    }

    @Test func `a large body goes through both ways`() async throws {
        try await withServer { configuration in
            configuration.limits.bodyByteCountMax = 8 << 20
        } handler: { request, _ in
            HTTPResponse(.ok, body: .bytes(request.body))
        } _: { server in
            let client = try await server.connect()
            let body = [UInt8](repeating: 65, count: 1 << 20) + [66]
            let head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n"
            try await client.send(Array(head.utf8) + body)
            _ = try await client.receive(through: "\r\n\r\n")
            let isWhole = try await client.receive(exactly: body.count) == body
            #expect(isWhole)
        }
    }

    @Test func `a Unix socket is served`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("control.sock")
        try await withServer { configuration in
            configuration.binding = .unix(path: path)
        } handler: { _, peer in
            .text(.ok, peer.address)
        } _: { _ in
            #expect(try FileSystem.status(path)?.permissions == 0o600)
            let client = try await TCPClient.connect(path: path)
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.receiveResponse().hasSuffix("unix"))
        }
        #expect(try FileSystem.status(path) == nil)
    }

    @Test func `a thousand connections are served at once`() async throws {
        ProcessLimits.raiseDescriptorCountMax()
        try await withServer(handler: echo) { server in
            var clients: [TCPClient] = []
            for _ in 0..<1000 { clients.append(try await server.connect()) }
            for (number, client) in clients.enumerated() {
                try await client.send("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
            }
            for (number, client) in clients.enumerated() {
                #expect(try await client.receiveResponse().hasSuffix("GET /\(number) "))
            }
            let gauge = server.metrics.gauge(
                "reelhook_http_connections",
                help: "Connections that are open.",
                labels: ["listener": "http"]
            )
            #expect(gauge.value == 1000)
        }
    }

    @Test func `a handler that waits elsewhere comes back`() async throws {
        let pool = BlockingPool(threadCount: 2)
        try await withServer { request, _ in
            let text = await pool.run { "from \(request.target.path)" }
            return .text(.ok, text)
        } _: { server in
            let client = try await server.connect()
            for number in 0..<50 {
                try await client.send("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.receiveResponse().hasSuffix("from /\(number)"))
            }
        }
        pool.close()
    }
}

extension HTTPServerTests {
    /// A server without a counterpart in `withServer`, for what happens before it runs.
    private func make(_ binding: HTTPServerConfiguration.Binding) -> HTTPServer {
        let time = ManualTime()
        return HTTPServer(
            configuration: HTTPServerConfiguration(binding: binding),
            handler: echo,
            logger: Logger(sink: SilentSink(), level: .debug, time: time, component: "test"),
            metrics: Metrics(),
            time: time
        )
    }

    @Test func `a port that is taken is said to be`() throws {
        let first = make(.host("127.0.0.1", port: 0))
        let bound = try first.bind()
        let second = make(.host("127.0.0.1", port: bound.port))
        #expect(throws: HTTPServerError.addressInUse("127.0.0.1:\(bound.port)")) {
            try second.bind()
        }
        #expect(throws: HTTPServerError.invalidAddress("example.org")) {
            try make(.host("example.org", port: 0)).bind()
        }
        first.stop()
    }

    @Test func `every fault of a configuration is named at once`() {
        var configuration = HTTPServerConfiguration(binding: .host("127.0.0.1", port: 0))
        configuration.loopCount = 0
        configuration.idleTimeout = .zero
        #expect(configuration.faults == ["loopCount is below 1", "idleTimeout is not above 0"])
    }

    @Test func `stopping before running and twice is legal`() async throws {
        let server = make(.host("127.0.0.1", port: 0))
        _ = try server.bind()
        server.stop()
        server.stop()
        try await server.run()
    }

    @Test func `running what is not bound is an error`() async {
        await #expect(throws: HTTPServerError.wrongOrder) {
            try await make(.host("127.0.0.1", port: 0)).run()
        }
    }
}
