extension ProviderError {
    /// A sentence for whoever asked for the video.
    package var userMessage: String { kind.userMessage }
    /// A sentence for whoever runs the service: what to look at.
    package var operatorMessage: String { kind.operatorMessage }
}

extension ProviderError.Kind {
    /// Whose fault something is, and so who can mend it.
    package enum Party: String, Sendable, Hashable, CaseIterable {
        /// Whoever asked for the video.
        case user
        /// Whoever runs the service.
        case `operator`
        /// The provider, or the way to it: it mends itself, or they do.
        case provider
        /// The service itself.
        case service
    }

    package var party: Party {
        switch self {
        case .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding, .tooLarge,
            .modelNotFound, .notFound, .conflict, .notReady:
            .user
        case .tls, .destinationRefused, .unauthorized, .forbidden, .quotaExceeded, .billing,
            .redirected, .notJSON, .unexpectedShape, .rateLimited:
            .operator
        case .unreachable, .timedOut, .interrupted, .expired, .overloaded, .serverError,
            .gatewayError:
            .provider
        case .cancelled: .service
        }
    }

    /// The kind that a reason speaks of: by its code, such as `provider_billing`, or where that is
    /// of several kinds by the word that an error's description begins with.
    package init?(reasonCode code: String, detail: String?) {
        guard code.hasPrefix("provider_") || code == "variant_unavailable" else { return nil }
        let word = String(detail?.prefix { $0 != "," } ?? "")
        guard let kind = Self(rawValue: String(code.dropFirst(9))) ?? Self(rawValue: word) else {
            return nil
        }
        self = kind
    }

    /// A sentence for whoever asked for the video.
    package var userMessage: String {
        switch self {
        case .unreachable, .timedOut, .interrupted, .overloaded, .serverError, .gatewayError,
            .notJSON, .unexpectedShape:
            "The video provider is not answering as it should. It will be tried again."
        case .tls, .destinationRefused, .unauthorized, .forbidden, .redirected:
            "The video provider cannot be used as it is set up. An operator has to look at it."
        case .notFound: "The video provider does not know this video."
        case .expired: "The video is no longer kept by the provider."
        case .conflict, .notReady: "The video is not ready for that yet."
        case .invalidRequest: "The video provider did not accept the request."
        case .contentPolicy: "The video provider refused the request under its content policy."
        case .unsupportedValue: "The video provider does not support one of the values asked for."
        case .unsupportedEncoding: "The video provider does not accept the request in this format."
        case .tooLarge: "The request or its answer is too large."
        case .rateLimited: "The video provider is asked too often. It will be tried again."
        case .quotaExceeded, .billing: "The provider's account does not allow it at present."
        case .modelNotFound: "The video provider does not have this model."
        case .cancelled: "The request was cancelled."
        }
    }

    /// A sentence for whoever runs the service: what to look at.
    package var operatorMessage: String {
        switch self {
        case .unreachable: "No connection: check the base URL, the name service and the network."
        case .timedOut: "No answer in time: check the provider's state and the time limits."
        case .interrupted: "The connection broke: check proxies and the provider's state."
        case .tls: "TLS failed: check the certificate, the authority file and the clock."
        case .destinationRefused: "The address is not allowed: check the allowed networks."
        case .unauthorized: "The key was refused: check OPENAI_API_KEY."
        case .forbidden: "The key may not do this: check its project and permissions."
        case .notFound: "The provider forgot the job, or its link died: compare expires_at."
        case .expired: "The files are gone: fetch sooner, and check for missed events."
        case .conflict: "Another change is under way at the provider."
        case .invalidRequest: "The request is malformed for this provider: see its answer."
        case .contentPolicy: "The prompt or a file was blocked; another try will not help."
        case .unsupportedValue: "A value or a call is not supported by this provider."
        case .unsupportedEncoding:
            "Send what the provider takes, such as multipart instead of JSON."
        case .tooLarge: "A size limit was passed: check the provider's limits and ours."
        case .rateLimited: "Too many requests: lower the number of polls or raise the limit."
        case .quotaExceeded: "The quota is used up: check the account's plan."
        case .billing: "Billing is not in order: check the account."
        case .modelNotFound: "The model does not exist or the key has no access to it."
        case .notReady: "The provider has not finished the job."
        case .overloaded: "The provider, or our own queue to it, is full."
        case .serverError: "The provider failed: see its status page or its log."
        case .gatewayError: "A gateway in front of the provider failed or has no server behind it."
        case .notJSON: "The answer is no JSON: check that the base URL is an API and ends in /v1."
        case .unexpectedShape: "The answer is not that of a /v1/videos server: check the base URL."
        case .redirected: "The provider redirects to where we do not follow: check the base URL."
        case .cancelled: "The call was cancelled by us."
        }
    }
}
