import ReelHTTP
import ReelHTTPClient
import ReelRuntime
import TestSupport
import Testing

/// Responses that are not whole, and servers that do not answer.
struct HTTPClientFaultTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: [ScriptedServer.Step]
        let error: HTTPClientError
        /// Content that has to be readable before the error.
        var content: [UInt8] = []

        var testDescription: String { name }
    }

    static let head = "HTTP/1.1 200 OK\r\n"
    static let cases: [Case] = [
        Case(name: "nothing", steps: [.close], error: .interrupted),
        Case(name: "a reset", steps: [.reset], error: .interrupted),
        Case(name: "half a head", steps: [.text(head + "Content-"), .close], error: .interrupted),
        Case(
            name: "a head without content",
            steps: [.text(head + "Content-Length: 5\r\n\r\n"), .close],
            error: .interrupted
        ),
        Case(
            name: "content shorter than its length",
            steps: [.text(head + "Content-Length: 5\r\n\r\nabc"), .close],
            error: .interrupted,
            content: Array("abc".utf8)
        ),
        Case(
            name: "content that is reset",
            steps: [.text(head + "Content-Length: 5\r\n\r\nabc"), .reset],
            error: .interrupted
        ),
        Case(
            name: "half a chunk",
            steps: [.text(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"), .close],
            error: .interrupted,
            content: Array("abc".utf8)
        ),
        Case(
            name: "chunks without an end",
            steps: [.text(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), .close],
            error: .interrupted,
            content: Array("abc".utf8)
        ),
        Case(
            name: "chunks of no size",
            steps: [.text(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"), .close],
            error: .interrupted
        ),
        Case(
            name: "HTTP/0.9",
            steps: [.text("<html>hello</html>"), .close],
            error: .malformedResponse
        ),
        Case(
            name: "a status of four digits",
            steps: [.text("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"), .close],
            error: .malformedResponse
        ),
        Case(
            name: "a status of 99",
            steps: [.text("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"), .close],
            error: .malformedResponse
        ),
        Case(
            name: "a field without a colon",
            steps: [.text(head + "nonsense\r\nContent-Length: 0\r\n\r\n"), .close],
            error: .malformedResponse
        ),
        Case(
            name: "two lengths",
            steps: [.text(head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), .close],
            error: .malformedResponse
        ),
        Case(
            name: "a head over the limit",
            steps: [
                .text(head),
                .text(String(repeating: "X: \(String(repeating: "y", count: 996))\r\n", count: 66)),
                .text("Content-Length: 0\r\n\r\n"), .close,
            ],
            error: .malformedResponse
        ),
        Case(
            name: "an endless head",
            steps: [.text(head)]
                + Array(repeating: .text(String(repeating: "X: y\r\n", count: 1000)), count: 100),
            error: .malformedResponse
        ),
        Case(
            name: "an announced length over the limit",
            steps: [.text(head + "Content-Length: 1048577\r\n\r\n"), .stall],
            error: .tooLarge
        ),
        Case(
            name: "content without a length over the limit",
            steps: [.text(head + "\r\n"), .send([UInt8](repeating: 1, count: 1_048_577)), .close],
            error: .tooLarge
        ),
        Case(
            name: "an end of TLS where HTTP is expected",
            steps: [.send([0x15, 3, 3, 0, 2, 2, 40]), .close],
            error: .malformedResponse
        ),
    ]

    @Test(arguments: cases)
    func `a response that is not whole is an error of its kind`(_ row: Case) async throws {
        let server = try ScriptedServer { _ in row.steps }
        let client = HTTPClient()
        await #expect(throws: row.error) {
            try await client.send(HTTPClientRequest(.get, server.url))
        }
        await client.stop()
    }

    @Test(arguments: cases.filter { !$0.content.isEmpty })
    func `what came before the cut can be read`(_ row: Case) async throws {
        let server = try ScriptedServer { _ in row.steps }
        let client = HTTPClient()
        let stream = try await client.stream(HTTPClientRequest(.get, server.url))
        var content: [UInt8] = []
        await #expect(throws: row.error) {
            while let bytes = try await stream.next() { content += bytes }
        }
        #expect(content == row.content)
    }

    @Test func `content beyond its length is left out, and its connection not used again`()
        async throws
    {
        let server = try ScriptedServer { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n\r\n")]
        }
        let client = HTTPClient()
        for _ in 0..<2 {
            let response = try await client.send(HTTPClientRequest(.get, server.url))
            #expect(response.body == Array("abc".utf8))
        }
        #expect(server.connectionCount == 2)
    }

    @Test func `a server that is not there is a failed connection`() async throws {
        let server = try ScriptedServer { _ in [] }
        let url = server.url
        server.stop()
        let client = HTTPClient()
        await #expect(throws: HTTPClientError.connectionFailed) {
            try await client.send(HTTPClientRequest(.get, url))
        }
        await #expect(throws: HTTPClientError.connectionFailed) {
            try await client.send(
                HTTPClientRequest(.get, "http://x/", unixSocketPath: "/nowhere/at.all")
            )
        }
    }

    @Test func `a name without an address is told from a server that is not there`() async {
        let client = HTTPClient()
        await #expect(throws: HTTPClientError.nameNotResolved) {
            try await client.send(HTTPClientRequest(.get, "http://nowhere.invalid/"))
        }
    }

    @Test func `plain HTTP on the other side is a failure of TLS`() async throws {
        let server = try ScriptedServer { _ in [.respond(200)] }
        let client = HTTPClient()
        var request = HTTPClientRequest(.get, "https://127.0.0.1:\(server.port)/")
        request.limits.totalTimeout = .seconds(2)
        request.limits.connectTimeout = .milliseconds(300)
        let error = await #expect(throws: HTTPClientError.self) { try await client.send(request) }
        // The scripted server waits for a line's end, which a handshake may never have.
        #expect(error == .tlsFailed || error == .timedOut)
    }

    @Test(
        arguments: [
            [.stall], [.text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), .stall],
        ] as [[ScriptedServer.Step]]
    )
    func `a transfer that stalls is cut`(_ steps: [ScriptedServer.Step]) async throws {
        let server = try ScriptedServer { _ in steps }
        let client = HTTPClient()
        var request = HTTPClientRequest(.get, server.url)
        request.limits.stallTimeout = .milliseconds(120)
        await #expect(throws: HTTPClientError.timedOut) { try await client.send(request) }
    }

    @Test func `the total time ends a transfer that goes on and on`() async throws {
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 200 OK\r\n\r\na"), .stall] }
        let client = HTTPClient()
        var request = HTTPClientRequest(.get, server.url)
        request.limits.totalTimeout = .milliseconds(120)
        await #expect(throws: HTTPClientError.timedOut) { try await client.send(request) }
    }

    @Test func `a stop ends what runs, and what comes after it is refused`() async throws {
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 200 OK\r\n\r\na"), .stall] }
        let client = HTTPClient()
        let stream = try await client.stream(.patient(server.url))
        #expect(try await stream.next() == [97])
        async let rest = Result { try await stream.next() }
        await client.stop()
        await client.stop()
        let outcome = await rest
        #expect(throws: HTTPClientError.cancelled) { try outcome.get() }
        await #expect(throws: HTTPClientError.cancelled) {
            try await client.stream(HTTPClientRequest(.get, server.url))
        }
    }

    @Test func `a description names no URL and no host`() async throws {
        let client = HTTPClient()
        let error = await #expect(throws: HTTPClientError.self) {
            try await client.send(HTTPClientRequest(.get, "http://secret.invalid/?sig=secret"))
        }
        #expect(try #require(error).description.contains("secret") == false)
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
