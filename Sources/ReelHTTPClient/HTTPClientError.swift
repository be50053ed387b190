/// Why a request to another server has no whole response.
///
/// The case is what decisions are made by and what a metric is labelled with; no case carries a
/// URL, a header or content.
package enum HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The URL is not an absolute `http` or `https` one, or a header field could not be sent as
    /// it is.
    case invalidURL
    /// The host's name has no address.
    case nameNotResolved
    /// Nobody listens there, or the way there is cut.
    case connectionFailed
    /// The address is one that the configuration does not allow.
    case destinationRefused
    /// The TLS handshake failed or the certificate was not trusted.
    case tlsFailed
    /// The time for connecting, for the whole transfer, or for a stall was over.
    case timedOut
    /// The connection broke before the response was whole.
    case interrupted
    /// The response is not HTTP.
    case malformedResponse
    /// The request's own content could not be read.
    case contentUnreadable
    /// The content passed the limit.
    case tooLarge
    /// The task was cancelled, or the client was stopped.
    case cancelled
    /// Too many requests were waiting already.
    case overloaded
    /// What libcurl reports beyond these, by its code (`CURLcode`).
    case transport(code: Int)

    /// A sentence that is safe to log.
    package var description: String {
        switch self {
        case .invalidURL: "the URL is not an absolute http or https URL"
        case .nameNotResolved: "the host name could not be resolved"
        case .connectionFailed: "the connection could not be made"
        case .destinationRefused: "the address is not one that the configuration allows"
        case .tlsFailed: "TLS failed or the certificate is not trusted"
        case .timedOut: "the time allowed was over"
        case .interrupted: "the connection broke before the response was whole"
        case .malformedResponse: "the response is not HTTP"
        case .contentUnreadable: "the content to be sent could not be read"
        case .tooLarge: "the response is larger than allowed"
        case .cancelled: "the request was cancelled"
        case .overloaded: "too many requests were waiting"
        case .transport(let code): "the transfer failed (libcurl code \(code))"
        }
    }

    /// A fixed word for metrics and for the journal's reasons.
    package var code: String {
        switch self {
        case .invalidURL: "invalid_url"
        case .nameNotResolved: "name_not_resolved"
        case .connectionFailed: "connection_failed"
        case .destinationRefused: "destination_refused"
        case .tlsFailed: "tls_failed"
        case .timedOut: "timed_out"
        case .interrupted: "interrupted"
        case .malformedResponse: "malformed_response"
        case .contentUnreadable: "content_unreadable"
        case .tooLarge: "too_large"
        case .cancelled: "cancelled"
        case .overloaded: "overloaded"
        case .transport: "transport"
        }
    }
}
