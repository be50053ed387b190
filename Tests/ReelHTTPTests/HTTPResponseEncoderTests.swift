import ReelHTTP
import Testing

struct HTTPResponseEncoderTests {
    private static let date = "Sat, 21 Nov 2026 09:08:07 GMT"

    private static func head(
        of response: HTTPResponse,
        method: HTTPMethod = .get,
        version: HTTPRequest.Version = .http11,
        keepAlive: Bool = true
    ) -> (lines: [String], framing: HTTPResponseEncoder.Framing) {
        let encoder = HTTPResponseEncoder(method: method, version: version, keepAlive: keepAlive)
        var output: [UInt8] = []
        let framing = encoder.appendHead(of: response, date: date, to: &output)
        let text = String(decoding: output, as: UTF8.self)
        return (
            text.split(separator: "\r\n", omittingEmptySubsequences: false).map { String($0) },
            framing
        )
    }

    @Test func `a response with bytes has its length`() {
        let (lines, framing) = Self.head(of: .json(.ok, Array(#"{"received":true}"#.utf8)))
        #expect(
            lines == [
                "HTTP/1.1 200 OK", "Date: \(Self.date)", "Content-Type: application/json",
                "Content-Length: 17", "", "",
            ]
        )
        #expect(framing == .length(17))
    }

    @Test func `framing is the encoder's own, whatever the handler says`() {
        let fields: HTTPFields = [
            "content-length": "99", "Transfer-Encoding": "x", "connection": "y", "DATE": "z",
            "Retry-After": "5",
        ]
        let response = HTTPResponse(.serviceUnavailable, fields: fields, closesConnection: true)
        let (lines, framing) = Self.head(of: response)
        #expect(
            lines == [
                "HTTP/1.1 503 Service Unavailable", "Date: \(Self.date)", "Retry-After: 5",
                "Content-Length: 0", "Connection: close", "", "",
            ]
        )
        #expect(framing == .length(0))
    }

    @Test(
        arguments: [
            (.get, .http11, .stream(byteCount: nil) { _ in }, .chunked, true),
            (.get, .http10, .stream(byteCount: nil) { _ in }, .untilClose, false),
            (.get, .http10, .stream(byteCount: 5) { _ in }, .length(5), true),
            (.head, .http11, .stream(byteCount: nil) { _ in }, .none, true),
            (.head, .http10, .bytes([1, 2]), .none, true),
        ]
            as [(
                HTTPMethod, HTTPRequest.Version, HTTPResponseBody, HTTPResponseEncoder.Framing, Bool
            )]
    )
    func `content is delimited as the client understands it`(
        method: HTTPMethod,
        version: HTTPRequest.Version,
        body: HTTPResponseBody,
        framing: HTTPResponseEncoder.Framing,
        keepsAlive: Bool
    ) {
        let response = HTTPResponse(.ok, body: body)
        let encoder = HTTPResponseEncoder(method: method, version: version, keepAlive: true)
        let head = Self.head(of: response, method: method, version: version)
        #expect(head.framing == framing)
        #expect(encoder.keepsAlive(response) == keepsAlive)
        #expect(head.lines.contains("Connection: close") == !keepsAlive)
        #expect(head.lines.contains("Connection: keep-alive") == (keepsAlive && version == .http10))
        #expect(head.lines.contains("Transfer-Encoding: chunked") == (framing == .chunked))
    }

    @Test func `the response to HEAD tells the length and sends nothing`() {
        #expect(Self.head(of: .text(.ok, "abc"), method: .head).lines.contains("Content-Length: 3"))
        let known = HTTPResponse(.ok, fields: ["Content-Length": "1234"])
        #expect(Self.head(of: known, method: .head).lines.contains("Content-Length: 1234"))
        #expect(Self.head(of: known, method: .get).lines.contains("Content-Length: 0"))
    }

    @Test(arguments: [204, 304])
    func `a status without content has no length`(code: Int) {
        let response = HTTPResponse(HTTPStatus(code), body: .bytes([1]))
        let (lines, framing) = Self.head(of: response)
        #expect(framing == .none)
        #expect(!lines.contains { $0.hasPrefix("Content-Length") })
    }

    @Test func `a status without a phrase keeps its space`() {
        #expect(Self.head(of: HTTPResponse(HTTPStatus(299))).lines.first == "HTTP/1.1 299 ")
    }

    @Test func `a refusal closes`() {
        #expect(!HTTPResponseEncoder.refusal.keepsAlive(HTTPResponse(.badRequest)))
    }

    @Test func `chunks carry their size in hexadecimal`() {
        var output: [UInt8] = []
        HTTPResponseEncoder.appendChunk(Array(repeating: 0x61, count: 26), to: &output)
        HTTPResponseEncoder.appendChunk([], to: &output)
        HTTPResponseEncoder.appendEnd(to: &output)
        let expected = "1a\r\n" + String(repeating: "a", count: 26) + "\r\n0\r\n\r\n"
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
