internal import ReelHTTP
internal import ReelJSON
internal import ReelProviders
internal import ReelRuntime

/// Errors in the shape of OpenAI's API, so that its SDKs raise their own classes.
enum ErrorEnvelope {
    /// `{"error": {"message", "type", "param", "code"}}`.
    static func response(
        _ status: HTTPStatus,
        _ message: String,
        type: String = "invalid_request_error",
        code: String? = nil,
        parameter: String? = nil
    ) -> HTTPResponse {
        let error: JSONObject = [
            "message": .string(message),
            "type": .string(type),
            "param": .string(orNull: parameter),
            "code": .string(orNull: code),
        ]
        return .json(status, JSONValue.object(["error": .object(error)]).serialized())
    }

    /// The provider's own answer where it sent one in JSON, and otherwise one that says what went
    /// wrong on the way to it.
    static func response(for error: ProviderError) -> HTTPResponse {
        var response: HTTPResponse
        if let status = error.status, (400...599).contains(status), let body = error.body,
            (try? JSONParser.parse(body))?["error"] != nil
        {
            response = .json(HTTPStatus(status), body)
        } else {
            response = Self.response(
                status(for: error),
                "\(error.userMessage) (\(error.description))",
                type: "upstream_error",
                code: error.kind.rawValue
            )
        }
        if let wait = error.retryAfter {
            response.fields.append("Retry-After", String(max(1, Int(wait.inSeconds.rounded(.up)))))
        }
        return response
    }

    private static func status(for error: ProviderError) -> HTTPStatus {
        switch error.kind {
        case .timedOut: .gatewayTimeout
        case .rateLimited: .tooManyRequests
        case .overloaded, .cancelled: .serviceUnavailable
        case .notFound, .expired: .notFound
        case .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding: .badRequest
        case .unreachable, .interrupted, .tls, .destinationRefused, .unauthorized, .forbidden,
            .conflict, .tooLarge, .quotaExceeded, .billing, .modelNotFound, .notReady,
            .serverError, .gatewayError, .notJSON, .unexpectedShape, .redirected:
            .badGateway
        }
    }

    /// What a caller is told when the journal refuses.
    static let storageUnavailable: HTTPResponse = {
        var answer = response(
            HTTPStatus.serviceUnavailable,
            "the journal cannot be used at the moment",
            type: "server_error",
            code: "journal_unavailable"
        )
        answer.fields.append("Retry-After", "5")
        return answer
    }()
}
