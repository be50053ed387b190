internal import ReelHTTPClient

/// Why one sending of a request failed, with the server's wish about sending it again.
struct CallFault: Error {
    private(set) var error: ProviderError
    /// `x-should-retry`, when the server sent it.
    let wantsRetry: Bool?

    init(_ error: ProviderError, wantsRetry: Bool? = nil) {
        self.error = error
        self.wantsRetry = wantsRetry
    }

    init(_ error: HTTPClientError) {
        self.init(ProviderError(error))
    }

    /// The same fault of one key, where the provider answered another.
    var ofOneKey: CallFault {
        var copy = self
        copy.error.isOfOneKey = true
        return copy
    }

    /// Whether a request that changes nothing is sent again at once: after faults of the network
    /// and 408, 409, 429 and 5xx, which is what OpenAI's SDKs do, unless a code says that it is of
    /// no use.
    var mayRepeat: Bool {
        if let wantsRetry { return wantsRetry }
        switch error.kind {
        case .unreachable, .timedOut, .interrupted, .conflict, .rateLimited, .overloaded,
            .serverError, .gatewayError:
            return true
        case .tls, .destinationRefused, .unauthorized, .forbidden, .notFound, .expired,
            .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding, .tooLarge,
            .quotaExceeded, .billing, .modelNotFound, .notReady, .notJSON, .unexpectedShape,
            .redirected, .cancelled:
            return false
        }
    }
}

extension ProviderError {
    /// What a fault of the network means for a call to a provider.
    init(_ error: HTTPClientError) {
        let kind: Kind =
            switch error {
            case .invalidURL: .invalidRequest
            case .nameNotResolved, .connectionFailed, .transport: .unreachable
            case .destinationRefused: .destinationRefused
            case .tlsFailed: .tls
            case .timedOut: .timedOut
            case .interrupted, .contentUnreadable: .interrupted
            case .malformedResponse: .unexpectedShape
            case .tooLarge: .tooLarge
            case .cancelled: .cancelled
            case .overloaded: .overloaded
            }
        self.init(kind)
    }
}
