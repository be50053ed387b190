/// The words in `error.code` and `error.type` that say more than the status does.
///
/// They are those of OpenAI, of Azure, and of the servers and gateways that speak `/v1/videos`.
enum ProviderErrorWords {
    static let kinds: [String: ProviderError.Kind] = [
        "moderation_blocked": .contentPolicy, "content_policy_violation": .contentPolicy,
        "content_filter": .contentPolicy, "content_blocked": .contentPolicy,
        "sentinel_block": .contentPolicy, "safety_violation": .contentPolicy,
        "sensitive_words_detected": .contentPolicy,
        "responsibleaipolicyviolation": .contentPolicy,

        "insufficient_quota": .quotaExceeded, "quota_exceeded": .quotaExceeded,
        "insufficient_user_quota": .quotaExceeded,
        "billing_hard_limit_reached": .billing, "billing_not_active": .billing,
        "insufficient_credits": .billing, "insufficient_funds": .billing,
        "rate_limit_exceeded": .rateLimited, "rate_limit_error": .rateLimited,

        "invalid_api_key": .unauthorized, "authentication_error": .unauthorized,
        "permission_denied": .forbidden, "permission_error": .forbidden,
        "unsupported_country_region_territory": .forbidden,

        "model_not_found": .modelNotFound, "unsupported_model": .modelNotFound,
        "deploymentnotfound": .modelNotFound,
        "invalid_type": .invalidRequest, "missing_required_parameter": .invalidRequest,
        "unknown_parameter": .invalidRequest,
        "invalid_value": .unsupportedValue, "unsupported_value": .unsupportedValue,
        "unsupported_parameter": .unsupportedValue,
        "unsupported_media_type": .unsupportedEncoding,
        "unsupported_content_type": .unsupportedEncoding,
        "unsupported_file_mimetype": .unsupportedEncoding,
        "request_too_large": .tooLarge, "file_too_large": .tooLarge,

        "video_not_ready": .notReady, "not_ready": .notReady, "video_not_completed": .notReady,
        "video_expired": .expired, "expired": .expired,
        "not_found": .notFound, "not_found_error": .notFound, "video_not_found": .notFound,
        "overloaded": .overloaded, "overloaded_error": .overloaded,
        "server_overloaded": .overloaded, "engine_overloaded": .overloaded,
    ]

    /// Whether a text is a word that can be shown and recorded: nothing a message could hide in.
    static func isPlain(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }
}

extension ProviderError.Kind {
    /// The kind that a word stands for at a status: a 401 stays one whatever word comes with it,
    /// and so do what is too large and what is gone.
    func at(status: Int) -> ProviderError.Kind {
        switch status {
        case 401: .unauthorized
        case 410: .expired
        case 413: .tooLarge
        default: self
        }
    }
}
