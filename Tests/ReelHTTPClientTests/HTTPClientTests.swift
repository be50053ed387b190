import ReelHTTP
import ReelHTTPClient
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct HTTPClientTests {
    @Test func `a request arrives as it was made`() async throws {
        let server = try ScriptedServer { _ in [.respond(201, [("X-A", "1")], [1, 2, 3])] }
        var configuration = HTTPClientConfiguration()
        configuration.version = "1.2.3"
        let client = HTTPClient(configuration: configuration)
        let body: [UInt8] = [0, 255, 10, 0]
        let response = try await client.send(
            HTTPClientRequest(
                .post,
                server.url + "/a/../b%2Fc?d=e%20f",
                fields: ["Content-Type": "application/x", "X-Empty": "", "X-Two": "a, b"],
                body: body
            )
        )
        #expect(response.status == .created)
        #expect(response.fields["x-a"] == "1")
        #expect(response.body == [1, 2, 3])
        let seen = try #require(server.requests.first)
        #expect(seen.method == "POST")
        #expect(seen.target == "/a/../b%2Fc?d=e%20f")
        #expect(seen.body == body)
        #expect(seen["Content-Length"] == "4")
        #expect(seen["Content-Type"] == "application/x")
        #expect(seen["X-Empty"] == "")
        #expect(seen["X-Two"] == "a, b")
        #expect(seen["User-Agent"] == "Reelhook/1.2.3")
        for name in ["Accept-Encoding", "Expect", "Cookie", "Authorization"] {
            #expect(seen[name] == nil)
        }
        await client.stop()
    }

    /// A megabyte and a bit, made as it is read.
    private struct Counting: HTTPClientContentSource {
        var byteCount: Int64 = 1_100_000
        var readableByteCount = Int64.max

        func read(at offset: Int64, count: Int) -> [UInt8]? {
            guard offset < readableByteCount else { return nil }
            return (0..<count).map { UInt8(truncatingIfNeeded: Int(offset) + $0) }
        }
    }

    @Test func `content is read from its source while it is sent`() async throws {
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 204 None\r\n\r\n")] }
        let client = HTTPClient()
        var request = HTTPClientRequest(.put, server.url)
        request.content = .source(Counting())
        let response = try await client.send(request)
        #expect(response.status == .noContent)
        let seen = try #require(server.requests.first)
        #expect(seen.method == "PUT")
        #expect(seen["Content-Length"] == "1100000")
        #expect(seen["Transfer-Encoding"] == nil)
        #expect(seen["Expect"] == nil)
        let isWhole = sameBytes(seen.body, (0..<1_100_000).map { UInt8(truncatingIfNeeded: $0) })
        #expect(isWhole)
        await client.stop()
    }

    @Test func `a source that fails ends the transfer`() async throws {
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 204 None\r\n\r\n")] }
        let client = HTTPClient()
        var request = HTTPClientRequest(.put, server.url)
        request.content = .source(Counting(readableByteCount: 300_000))
        await #expect(throws: HTTPClientError.contentUnreadable) {
            try await client.send(request)
        }
        await client.stop()
    }

    @Test(
        arguments: [
            (.get, nil, nil), (.head, nil, nil), (.delete, nil, nil), (.post, nil, "0"),
            (.put, 3 << 20, "3145728"), (.patch, 1, "1"), (.put, 0, "0"), (.delete, 1, "1"),
        ] as [(HTTPMethod, Int?, String?)]
    )
    func `each method is sent with the length of its content`(
        _ method: HTTPMethod,
        _ byteCount: Int?,
        _ length: String?
    ) async throws {
        let body = byteCount.map { [UInt8](repeating: 7, count: $0) }
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 204 None\r\n\r\n")] }
        let client = HTTPClient()
        let response = try await client.send(HTTPClientRequest(method, server.url, body: body))
        #expect(response.status == .noContent)
        let seen = try #require(server.requests.first)
        #expect(seen.method == method.name)
        let isWhole = sameBytes(seen.body, body ?? [])
        #expect(isWhole)
        #expect(seen["Content-Length"] == length)
        #expect(seen["Content-Type"] == nil)
    }

    @Test func `the content of a response to HEAD is not waited for`() async throws {
        let server = try ScriptedServer { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")]
        }
        let response = try await HTTPClient().send(HTTPClientRequest(.head, server.url))
        #expect(response.head.contentLength == 9_999_999_999)
        #expect(response.body.isEmpty)
    }

    @Test func `redirects, cookies and encodings are left to the caller`() async throws {
        let server = try ScriptedServer { request in
            request.index == 0
                ? [
                    .respond(
                        302,
                        [
                            ("Location", "/next"), ("Set-Cookie", "a=b"),
                            ("Content-Encoding", "gzip"),
                        ],
                        [9, 9]
                    )
                ] : [.respond(200)]
        }
        let client = HTTPClient()
        let first = try await client.send(HTTPClientRequest(.get, server.url))
        #expect(first.status.code == 302)
        #expect(first.body == [9, 9])
        _ = try await client.send(HTTPClientRequest(.get, server.url))
        #expect(server.requests.count == 2)
        #expect(server.requests[1]["Cookie"] == nil)
    }

    @Test func `the head is that of the last section, and trailers are not in it`() async throws {
        let server = try ScriptedServer { _ in
            [
                .text("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"),
                .text("HTTP/1.1 200 OK\r\nX-Late:\t v \r\nX-Late: \u{e9}\r\n"),
                .send(Array("X-Bytes: ".utf8) + [0xE9, 13, 10]),
                .text("Content-Length: 7\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"),
                .text("3\r\nab"), .text("c\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n"),
            ]
        }
        let response = try await HTTPClient().send(HTTPClientRequest(.get, server.url))
        #expect(response.body == Array("abcde".utf8))
        #expect(response.fields.values("x-late") == ["v", "\u{e9}"])
        #expect(response.fields["X-Bytes"] == "\u{e9}")
        #expect(response.head.contentLength == nil)
        #expect(!response.fields.contains("X-Early"))
        #expect(!response.fields.contains("X-T"))
    }

    @Test func `a connection is used again, but not for what must not be sent twice`() async throws
    {
        let server = try ScriptedServer { _ in [.respond(200)] }
        let client = HTTPClient()
        for method in [HTTPMethod.get, .get, .post, .get] {
            _ = try await client.send(HTTPClientRequest(method, server.url))
        }
        #expect(server.requests.map(\.connection).prefix(2) == [0, 0])
        #expect(server.requests[2].connection == 1)
        #expect(server.connectionCount == 2)
        var again = HTTPClientRequest(.post, server.url)
        again.mayBeSentAgain = true
        _ = try await client.send(again)
        #expect(server.connectionCount == 2)
    }

    @Test func `a Unix socket is connected to instead of the host`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/control.sock"
        let server = try ScriptedServer(unixSocketPath: path) { _ in [.respond(200, [], [1])] }
        let response = try await HTTPClient().send(
            HTTPClientRequest(.get, "http://localhost/x", unixSocketPath: path)
        )
        #expect(response.body == [1])
        #expect(server.requests.first?["Host"] == "localhost")
    }

    @Test(arguments: [
        "", "/relative", "ftp://127.0.0.1/", "file:///etc/passwd", "http:/x", "http://",
        "http:///x",
        "http://user:word@127.0.0.1/", "http://127.0.0.1/a b", "http://127.0.0.1/\u{e9}",
        "http://127.0.0.1/\r\nX: y", "http://127.0.0.1\\@x/", "http://127.0.0.1:99999/",
        "gopher://127.0.0.1/", "javascript:x", " http://127.0.0.1/",
    ])
    func `what is no http URL is refused`(_ url: String) async {
        let client = HTTPClient()
        await #expect(throws: HTTPClientError.invalidURL) {
            try await client.send(HTTPClientRequest(.get, url))
        }
    }

    @Test(arguments: [
        ("X-A", "a\u{1}b"), ("X-A", "\u{7f}"), ("X A", "b"), ("X-A:", "b"), ("", "b"),
    ])
    func `a field that could not be sent as it is is refused`(
        _ name: String,
        _ value: String
    ) async {
        let client = HTTPClient()
        await #expect(throws: HTTPClientError.invalidURL) {
            try await client.send(
                HTTPClientRequest(.get, "http://127.0.0.1:1/", fields: [name: value])
            )
        }
    }

    @Test(arguments: ["a\r\nX-B: c", "a\nX-B: c", "a\0X-B: c"])
    func `no value breaks out of its line`(_ value: String) async throws {
        let server = try ScriptedServer { _ in [.respond(200)] }
        let client = HTTPClient()
        _ = try? await client.send(HTTPClientRequest(.get, server.url, fields: ["X-A": value]))
        #expect(server.requests.allSatisfy { $0["X-B"] == nil })
    }

    @Test func `outcomes are counted by their code`() async throws {
        let server = try ScriptedServer { request in
            request.target == "/cut" ? [.close] : [.respond(200)]
        }
        let metrics = Metrics()
        let client = HTTPClient(metrics: metrics)
        _ = try await client.send(HTTPClientRequest(.get, server.url))
        _ = try? await client.send(HTTPClientRequest(.get, server.url + "/cut"))
        await client.stop()
        func count(_ outcome: String) -> Int64 {
            metrics.counter(
                "reelhook_http_client_requests_total",
                help: "",
                labels: ["outcome": outcome]
            ).value
        }
        #expect(count("ok") == 1)
        #expect(count("interrupted") == 1)
    }
}
