/// Why a provider did not do what it was asked, decided by status and code, never by text.
package struct ProviderError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of fault it is; closed, the same for every provider.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case unreachable
        case timedOut = "timed_out"
        case interrupted
        case tls
        case destinationRefused = "destination_refused"
        case unauthorized
        case forbidden
        case notFound = "not_found"
        case expired
        case conflict
        case invalidRequest = "invalid_request"
        case contentPolicy = "content_policy"
        case unsupportedValue = "unsupported_value"
        case unsupportedEncoding = "unsupported_encoding"
        case tooLarge = "too_large"
        case rateLimited = "rate_limited"
        case quotaExceeded = "quota_exceeded"
        case billing
        case modelNotFound = "model_not_found"
        case notReady = "not_ready"
        case overloaded
        case serverError = "server_error"
        case gatewayError = "gateway_error"
        case notJSON = "not_json"
        case unexpectedShape = "unexpected_shape"
        case redirected
        case cancelled
    }

    package let kind: Kind
    /// The HTTP status; nil when no answer came.
    package let status: Int?
    /// `error.code` or `error.type` as the provider sent it, when it is a plain word.
    package let providerCode: String?
    /// What the server asked us to wait.
    package let retryAfter: Duration?
    /// The answer's body for passing through to the console's caller; nil when there was none.
    package let body: [UInt8]?
    /// How long the content is, from a refusal of a range that lies beyond it (416).
    package let contentByteCount: Int64?

    /// Whether the provider answered another of our keys in the same call: then it is this key that
    /// it refuses, and not the provider that is out.
    package internal(set) var isOfOneKey: Bool

    package init(
        _ kind: Kind,
        status: Int? = nil,
        providerCode: String? = nil,
        retryAfter: Duration? = nil,
        body: [UInt8]? = nil,
        contentByteCount: Int64? = nil,
        isOfOneKey: Bool = false
    ) {
        self.kind = kind
        self.status = status
        self.providerCode = providerCode
        self.retryAfter = retryAfter
        self.body = body
        self.contentByteCount = contentByteCount
        self.isOfOneKey = isOfOneKey
    }

    /// Whether the same request may succeed later.
    package var mayRetry: Bool {
        switch kind {
        case .unreachable, .timedOut, .interrupted, .conflict, .rateLimited, .notReady,
            .overloaded, .serverError, .gatewayError, .notJSON, .unexpectedShape:
            true
        case .tls, .destinationRefused, .unauthorized, .forbidden, .notFound, .expired,
            .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding, .tooLarge,
            .quotaExceeded, .billing, .modelNotFound, .redirected, .cancelled:
            false
        }
    }

    /// Whether the provider may have acted on a request that failed like this.
    package var mayHaveArrived: Bool {
        switch kind {
        case .timedOut, .interrupted, .serverError, .gatewayError, .notJSON, .unexpectedShape,
            .cancelled, .conflict:
            true
        case .overloaded: status != nil
        case .unreachable, .tls, .destinationRefused, .unauthorized, .forbidden, .notFound,
            .expired, .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding,
            .tooLarge, .rateLimited, .quotaExceeded, .billing, .modelNotFound, .notReady,
            .redirected:
            false
        }
    }

    /// A sentence that is safe to log: the kind, the status and the code, no text of the answer.
    package var description: String {
        var text = kind.rawValue
        if let status { text += ", HTTP status \(status)" }
        if let providerCode { text += ", code \(providerCode)" }
        return text
    }
}
