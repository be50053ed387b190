internal import ReelHTTP
internal import ReelJSON

/// A refusal in OpenAI's error envelope: `{"error": {"message", "type", "param", "code"}}`.
struct APIError: Error, Hashable, Sendable {
    var status: HTTPStatus
    var message: String
    var type = "invalid_request_error"
    var param: String?
    var code: String?
    var retryAfterSeconds: Int?
    var allowedMethods: [String] = []
    var contentRange: String?

    init(
        _ status: HTTPStatus,
        _ message: String,
        type: String = "invalid_request_error",
        param: String? = nil,
        code: String? = nil,
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.retryAfterSeconds = retryAfterSeconds
    }

    var response: HTTPResponse {
        let envelope = JSONValue.object([
            "error": .object([
                "message": .string(message),
                "type": .string(type),
                "param": .string(orNull: param),
                "code": .string(orNull: code),
            ])
        ])
        var response = HTTPResponse.json(status, envelope.serialized())
        if let retryAfterSeconds {
            response.fields.set("Retry-After", String(retryAfterSeconds))
        }
        if let contentRange { response.fields.set("Content-Range", contentRange) }
        if !allowedMethods.isEmpty {
            response.fields.set("Allow", allowedMethods.joined(separator: ", "))
        }
        return response
    }
}

extension APIError {
    static func missing(_ param: String) -> APIError {
        APIError(
            .badRequest,
            "Missing required parameter: '\(param)'.",
            param: param,
            code: "missing_required_parameter"
        )
    }

    static func wrongType(_ param: String, expected: String, got: String) -> APIError {
        APIError(
            .badRequest,
            "Invalid type for '\(param)': expected \(expected), but got \(got) instead.",
            param: param,
            code: "invalid_type"
        )
    }

    static func unsupported(_ value: String, _ param: String, among values: [String]) -> APIError {
        let list = values.map { "'\($0)'" }
        let supported = list.dropLast().joined(separator: ", ") + ", and " + (list.last ?? "")
        return APIError(
            .badRequest,
            "Invalid value: '\(value)'. Supported values are: \(supported).",
            param: param,
            code: "invalid_value"
        )
    }

    static func noVideo(_ id: String) -> APIError {
        APIError(.notFound, "Video with id '\(id)' not found.", param: "video_id")
    }

    static func expired(_ id: String, after span: Duration) -> APIError {
        let hours = max(1, Int((span.inSecondsRounded + 3599) / 3600))
        return APIError(
            .notFound,
            "Video with id '\(id)' is no longer available. "
                + "Downloads expire after \(hours) hour(s)."
        )
    }

    static func notReady(_ id: String) -> APIError {
        APIError(
            .badRequest,
            "Video with id '\(id)' is not ready yet. "
                + "Use GET /v1/videos/{video_id} to check its status."
        )
    }

    static func hasFailed(_ id: String) -> APIError {
        APIError(.badRequest, "Video with id '\(id)' has failed and has no content.")
    }

    static func noVariant(_ variant: String, of id: String) -> APIError {
        APIError(
            .notFound,
            "Video with id '\(id)' has no variant '\(variant)'.",
            param: "variant"
        )
    }

    static func unsatisfiableRange(size: Int) -> APIError {
        var error = APIError(.rangeNotSatisfiable, "The requested range is not satisfiable.")
        error.contentRange = "bytes */\(size)"
        return error
    }

    static let unknownRoute = APIError(.notFound, "Invalid URL.", code: "unknown_url")

    static func methodNotAllowed(allowed: [String]) -> APIError {
        var error = APIError(
            .methodNotAllowed,
            "Not allowed to use this method on this URL.",
            code: "method_not_supported"
        )
        error.allowedMethods = allowed
        return error
    }

    static let noKey = APIError(
        .unauthorized,
        "You didn't provide an API key. Send it in an Authorization header with Bearer auth."
    )

    static let wrongKey = APIError(
        .unauthorized,
        "Incorrect API key provided.",
        code: "invalid_api_key"
    )

    static let multipartOnly = APIError(
        .unsupportedMediaType,
        "Unsupported content type. This server accepts 'multipart/form-data' requests.",
        code: "unsupported_content_type"
    )

    static let notDeleted = APIError(.forbidden, "You may not delete this video.")

    static let serverError = APIError(
        .internalServerError,
        "The server had an error while processing your request.",
        type: "server_error"
    )

    static func rateLimit(retryAfterSeconds: Int) -> APIError {
        APIError(
            .tooManyRequests,
            "Rate limit reached for requests.",
            type: "requests",
            code: "rate_limit_exceeded",
            retryAfterSeconds: retryAfterSeconds
        )
    }
}

extension Duration {
    fileprivate var inSecondsRounded: Int64 { components.seconds }
}
