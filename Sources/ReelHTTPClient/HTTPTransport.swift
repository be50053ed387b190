package import ReelHTTP

/// Sends requests to other servers: the seam at which tests put a server of their own.
package protocol HTTPTransport: Sendable {
    /// Sends a request and hands back the response's head; the content is read from it.
    ///
    /// Redirects are never followed; a 3xx is a response like any other. Cancelling the task ends
    /// the transfer.
    ///
    /// - Throws: `HTTPClientError` when no complete head arrived.
    func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> any HTTPClientStream
    /// Ends what is under way; nothing is asked after that.
    func stop() async
}

extension HTTPTransport {
    package func stop() async {}
}

/// A response whose content is still on its way.
///
/// The one who was handed it reads it to the end or cancels it; until then it holds a connection
/// and at most a bounded number of bytes, since the transfer pauses when nobody reads.
package protocol HTTPClientStream: AnyObject, Sendable {
    var head: HTTPClientResponse.Head { get }
    /// The next bytes of the content, never empty; nil at its end, when the content is whole by
    /// its framing.
    ///
    /// - Throws: `HTTPClientError` when the transfer broke off or passed a limit.
    func next() async throws(HTTPClientError) -> [UInt8]?
    /// Ends the transfer. Legal at any time, also twice.
    func cancel()
}

extension HTTPTransport {
    /// Sends a request and reads the whole content.
    ///
    /// - Throws: `HTTPClientError`, also `.tooLarge` when the content passes
    ///   `request.limits.bodyByteCountMax`.
    package func send(
        _ request: HTTPClientRequest
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        let stream = try await stream(request)
        var body: [UInt8] = []
        while let bytes = try await stream.next() {
            guard body.count + bytes.count <= request.limits.bodyByteCountMax else {
                stream.cancel()
                throw .tooLarge
            }
            body.append(contentsOf: bytes)
        }
        return HTTPClientResponse(head: stream.head, body: body)
    }
}

/// A request to another server.
package struct HTTPClientRequest: Sendable {
    /// What a request may take; there is no unlimited.
    package struct Limits: Sendable, Hashable {
        package var connectTimeout: Duration = .seconds(10)
        /// From the start to the last byte of the content.
        package var totalTimeout: Duration = .seconds(60)
        /// A transfer slower than this for `stallTimeout` is cut.
        package var slowestBytesPerSecond: Int = 1
        package var stallTimeout: Duration = .seconds(30)
        /// The most that `send` reads, and that `stream` lets through.
        package var bodyByteCountMax: Int = 1 << 20

        package init() {}
    }

    package var method: HTTPMethod
    /// An absolute `http` or `https` URL.
    package var url: String
    package var fields: HTTPFields
    /// What is sent after the head; nil for a request without content.
    package var content: HTTPClientContent?
    package var limits: Limits
    /// The Unix socket to connect to instead of the URL's host, for the service's own commands.
    package var unixSocketPath: String?
    /// Which addresses may be connected to; checked on the address itself, after the look-up.
    package var destinations: DestinationPolicy
    /// Whether the server may see the request twice: it may be sent over a connection that was
    /// open already, and once more when that turns out to be dead.
    ///
    /// From the method by RFC 9110, section 9.2.2, unless it is set.
    package var mayBeSentAgain: Bool

    package init(
        _ method: HTTPMethod,
        _ url: String,
        fields: HTTPFields = [:],
        body: [UInt8]? = nil,
        limits: Limits = Limits(),
        unixSocketPath: String? = nil,
        destinations: DestinationPolicy = .any
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        content = body.map { .bytes($0) }
        self.limits = limits
        self.unixSocketPath = unixSocketPath
        self.destinations = destinations
        mayBeSentAgain = [.get, .head, .put, .delete, .options].contains(method)
    }

    /// The content as bytes; nil when there is none, or when it is read from a source.
    package var body: [UInt8]? {
        get {
            switch content {
            case .bytes(let bytes): bytes
            case .source, nil: nil
            }
        }
        set { content = newValue.map { .bytes($0) } }
    }
}

/// Which addresses a request of ours may reach.
package enum DestinationPolicy: Sendable, Hashable {
    /// Wherever the operator's own configuration points, such as the provider's base URL.
    case any
    /// Public addresses, and besides them only the networks named, in CIDR notation.
    case publicAnd(networks: [String])
}

/// A response of another server.
package struct HTTPClientResponse: Sendable {
    /// What comes before the content.
    package struct Head: Sendable {
        package let status: HTTPStatus
        package let fields: HTTPFields

        package init(status: HTTPStatus, fields: HTTPFields) {
            self.status = status
            self.fields = fields
        }

        /// The length that the server declared, if it did.
        package var contentLength: Int64? {
            fields.only("Content-Length").flatMap { Int64($0) }
        }
    }

    package let head: Head
    package let body: [UInt8]

    package init(head: Head, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    package var status: HTTPStatus { head.status }
    package var fields: HTTPFields { head.fields }
}
