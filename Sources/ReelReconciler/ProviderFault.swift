internal import ReelProviders

/// Whose fault a refused call is, as far as polling goes.
enum ProviderFault: Hashable {
    /// The provider, or our way to it: every other call would fare the same.
    case outage
    /// The provider does not know the video.
    case unknownVideo
    /// The video's files are gone.
    case expiredVideo
    /// This call alone.
    case call
    /// We stopped it ourselves.
    case cancelled

    init(_ kind: ProviderError.Kind) {
        self =
            switch kind {
            case .unreachable, .timedOut, .interrupted, .tls, .destinationRefused, .unauthorized,
                .forbidden, .rateLimited, .quotaExceeded, .billing, .overloaded, .serverError,
                .gatewayError, .notJSON, .redirected:
                .outage
            case .notFound: .unknownVideo
            case .expired: .expiredVideo
            case .conflict, .invalidRequest, .contentPolicy, .unsupportedValue,
                .unsupportedEncoding, .tooLarge, .modelNotFound, .notReady,
                .unexpectedShape:
                .call
            case .cancelled: .cancelled
            }
    }
}
