internal import ReelAssets
internal import ReelHTTP
internal import ReelProviders

/// Refuses a picture that a provider would refuse, before it is sent and paid for.
enum ReferenceCheck {
    private static let contentTypes = ["image/jpeg", "image/png", "image/webp"]

    /// What is wrong with an order's picture; nil when nothing is, or there is none.
    ///
    /// Its type has to be one of three and the one it was said to be, it has to be whole, and its
    /// pixel size the one that was ordered, where one was.
    static func refusal(of order: VideoOrder) -> HTTPResponse? {
        guard let picture = order.picture else { return nil }
        guard let said = picture.contentType?.lowercased(), contentTypes.contains(said) else {
            return refusal(
                "input_reference must be a file of the type image/jpeg, image/png or image/webp",
                code: "unsupported_mimetype"
            )
        }
        let facts: MediaFacts
        do throws(AssetError) {
            facts = try MediaInspector().inspect(MediaBytes(picture.bytes), as: .image)
        } catch {
            return refusal("input_reference: \(error.description)", code: "invalid_image")
        }
        guard facts.contentType == said else {
            return refusal(
                "input_reference is \(facts.contentType) and was sent as \(said)",
                code: "unsupported_mimetype"
            )
        }
        guard let size = order.size, let width = facts.width, let height = facts.height,
            size != "\(width)x\(height)"
        else { return nil }
        return refusal(
            "input_reference has \(width)x\(height) pixels and the video was ordered with \(size)",
            code: "image_size_mismatch"
        )
    }

    private static func refusal(_ message: String, code: String) -> HTTPResponse {
        ErrorEnvelope.response(.badRequest, message, code: code, parameter: "input_reference")
    }
}
