internal import ReelHTTP
internal import ReelJSON
internal import ReelProviders

extension ErrorEnvelope {
    /// The refusal of a body that is no order.
    static func response(for error: VideoOrderError) -> HTTPResponse {
        switch error {
        case .unknownEncoding:
            response(
                .unsupportedMediaType,
                "an order is sent as application/json or multipart/form-data",
                code: "unsupported_content_type"
            )
        case .unreadableJSON(let error):
            response(
                error.fault == .tooLarge ? .contentTooLarge : .badRequest,
                "the body is no JSON: \(error.description)",
                code: error.fault == .tooLarge ? "content_too_large" : "invalid_json"
            )
        case .noObject:
            response(.badRequest, "the body is no JSON object", code: "invalid_json")
        case .unreadableForm(let error):
            unreadableForm(error)
        }
    }

    private static func unreadableForm(_ error: MultipartError) -> HTTPResponse {
        switch error {
        case .tooManyParts, .fieldsTooLarge:
            response(
                .contentTooLarge,
                "the form cannot be read: \(error.rawValue)",
                code: "content_too_large"
            )
        case .notMultipart, .invalidBoundary, .missingStart, .missingEnd, .malformedDelimiter,
            .trailingContent, .malformedField, .missingName, .unsupportedEncoding:
            response(
                .badRequest,
                "the form cannot be read: \(error.rawValue)",
                code: "invalid_form"
            )
        }
    }
}
