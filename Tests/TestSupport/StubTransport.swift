package import ReelHTTP
package import ReelHTTPClient
internal import ReelRuntime

/// A transport without sockets: a closure answers each request, and every request is kept.
package final class StubTransport: HTTPTransport {
    /// What the closure makes of a request.
    package struct Answer: Sendable {
        package var status: Int
        package var fields: HTTPFields
        /// The pieces in which the content arrives.
        package var pieces: [[UInt8]]
        /// What the content ends with instead of its end.
        package var failure: HTTPClientError?

        package init(
            _ status: Int,
            _ fields: HTTPFields = [:],
            _ body: [UInt8] = [],
            failure: HTTPClientError? = nil
        ) {
            self.status = status
            self.fields = fields
            pieces = body.isEmpty ? [] : [body]
            self.failure = failure
        }

        /// An answer with a body of JSON.
        package static func json(
            _ status: Int,
            _ text: String,
            _ fields: HTTPFields = [:]
        ) -> Answer {
            var all: HTTPFields = ["Content-Type": "application/json"]
            for field in fields.fields { all.append(field.name, field.value) }
            return Answer(status, all, Array(text.utf8))
        }
    }

    /// Answers a request, given how many came before it.
    package typealias Responder =
        @Sendable (HTTPClientRequest, Int) async throws(HTTPClientError) -> Answer

    private let responder: Responder
    private let seen = Locked<[HTTPClientRequest]>([])

    package init(_ responder: @escaping Responder) {
        self.responder = responder
    }

    /// All requests so far, in order.
    package var requests: [HTTPClientRequest] { seen.withLock { $0 } }

    package func stream(
        _ request: HTTPClientRequest
    ) async throws(HTTPClientError) -> any HTTPClientStream {
        let index = seen.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return StubStream(try await responder(request, index))
    }
}

/// The content of a stubbed answer.
package final class StubStream: HTTPClientStream {
    package let head: HTTPClientResponse.Head
    private let rest: Locked<(pieces: [[UInt8]], failure: HTTPClientError?, isCancelled: Bool)>

    package init(_ answer: StubTransport.Answer) {
        head = HTTPClientResponse.Head(status: HTTPStatus(answer.status), fields: answer.fields)
        rest = Locked((answer.pieces, answer.failure, false))
    }

    /// Whether the reader gave up before the end.
    package var isCancelled: Bool { rest.withLock { $0.isCancelled } }

    package func next() async throws(HTTPClientError) -> [UInt8]? {
        try rest.withLock { rest throws(HTTPClientError) in
            if rest.isCancelled { throw .cancelled }
            guard rest.pieces.isEmpty else { return rest.pieces.removeFirst() }
            if let failure = rest.failure { throw failure }
            return nil
        }
    }

    package func cancel() {
        rest.withLock { $0.isCancelled = true }
    }
}
