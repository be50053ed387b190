/// A response as a handler returns it; the server adds the date and the framing.
///
/// A handler returns exactly one, so "one response for each request" needs no check at run time.
package struct HTTPResponse: Sendable {
    package var status: HTTPStatus
    /// Without `Content-Length`, `Transfer-Encoding`, `Connection` and `Date`, which the server
    /// sets; a `Content-Length` of a response to HEAD is the exception.
    package var fields: HTTPFields
    package var body: HTTPResponseBody
    /// Whether the server closes the connection after this response.
    package var closesConnection: Bool

    package init(
        _ status: HTTPStatus,
        fields: HTTPFields = [:],
        body: HTTPResponseBody = .empty,
        closesConnection: Bool = false
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.closesConnection = closesConnection
    }

    /// A response whose body is plain text in UTF-8.
    package static func text(_ status: HTTPStatus, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status,
            fields: ["Content-Type": "text/plain; charset=utf-8"],
            body: .bytes(Array(text.utf8))
        )
    }

    /// A response whose body is JSON that is already written.
    package static func json(_ status: HTTPStatus, _ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(status, fields: ["Content-Type": "application/json"], body: .bytes(bytes))
    }
}

/// The content of a response.
package enum HTTPResponseBody: Sendable {
    case empty
    case bytes([UInt8])
    /// Content that is written as it is made. With a byte count, exactly that many bytes are
    /// written or the connection is cut; without one it is sent chunked. The closure runs on the
    /// connection's task and ends when it returns; throwing cuts the connection, so that a part
    /// is never taken for the whole.
    case stream(byteCount: Int64?, @Sendable (any HTTPBodyWriter) async throws -> Void)
}

/// Where a streamed body is written to.
package protocol HTTPBodyWriter: Sendable {
    /// Writes bytes and returns when the connection can take more.
    ///
    /// - Throws: When the peer has gone or is too slow; the closure then lets it through.
    func write(_ bytes: [UInt8]) async throws
}
