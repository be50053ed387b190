internal import ReelHTTP
internal import ReelJSON

/// What a video is asked to be, checked as OpenAI checked it.
struct VideoParameters: Sendable {
    var prompt: String
    var model: String
    var seconds: String
    var size: String

    static let promptLengthMax = 32_000
    static let imageURLByteCountMax = 20_971_520
    static let charactersMax = 2
    /// The longest that a video may become by extensions, in seconds.
    static let totalSecondsMax = 120
    static let allSeconds = ["4", "8", "12", "16", "20"]
    static let smallSizes = ["720x1280", "1280x720"]
    static let allSizes =
        smallSizes + ["1024x1792", "1792x1024", "1080x1920", "1920x1080"]
    static let imageTypes = ["image/jpeg", "image/png", "image/webp"]

    init(prompt: String, model: String, seconds: String, size: String) {
        self.prompt = prompt
        self.model = model
        self.seconds = seconds
        self.size = size
    }

    /// Reads the fields of `POST /v1/videos`.
    init(creating form: VideoForm) throws(APIError) {
        prompt = try Self.prompt(form)
        model = try form.string("model") ?? "sora-2"
        guard !model.isEmpty, model.utf8.count <= 256 else {
            throw APIError(
                .badRequest,
                "The requested model does not exist.",
                param: "model",
                code: "model_not_found"
            )
        }
        seconds = try Self.seconds(form) ?? "4"
        size = try form.string("size") ?? "720x1280"
        let isSmall = model.hasPrefix("sora-2") && !model.hasPrefix("sora-2-pro")
        let sizes = isSmall ? Self.smallSizes : Self.allSizes
        guard sizes.contains(size) else { throw .unsupported(size, "size", among: sizes) }
        try Self.checkReference(form, size: size)
        try Self.checkCharacters(form)
    }

    /// The prompt, which every way of making a video needs.
    static func prompt(_ form: VideoForm) throws(APIError) -> String {
        guard let prompt = try form.string("prompt") else { throw .missing("prompt") }
        let length = prompt.unicodeScalars.count
        guard length >= 1 else {
            throw APIError(
                .badRequest,
                "Invalid 'prompt': empty string. Expected a string with minimum length 1, "
                    + "but got an empty string instead.",
                param: "prompt",
                code: "empty_string"
            )
        }
        guard length <= promptLengthMax else {
            throw APIError(
                .badRequest,
                "Invalid 'prompt': string too long. Expected a string with maximum length "
                    + "\(promptLengthMax), but got a string with length \(length) instead.",
                param: "prompt",
                code: "string_above_max_length"
            )
        }
        return prompt
    }

    /// The seconds asked for; nil when the field is absent.
    static func seconds(_ form: VideoForm) throws(APIError) -> String? {
        let expected = "one of '4', '8', '12', '16', or '20'"
        guard let seconds = try form.string("seconds", expected: expected) else { return nil }
        guard allSeconds.contains(seconds) else {
            throw .unsupported(seconds, "seconds", among: allSeconds)
        }
        return seconds
    }

    private static func checkReference(_ form: VideoForm, size: String) throws(APIError) {
        let name = "input_reference"
        switch form[name] {
        case nil, .json(.null): return
        case .text, .json(.string):
            throw .wrongType(name, expected: "a file or an object", got: "a string")
        case .file(let contentType, let bytes):
            guard let contentType, imageTypes.contains(contentType.lowercased()) else {
                throw APIError(
                    .badRequest,
                    "Invalid file 'input_reference': unsupported mimetype. Supported file "
                        + "formats are 'image/jpeg', 'image/png', and 'image/webp'.",
                    param: name,
                    code: "unsupported_mimetype"
                )
            }
            guard let picture = ImageSize(bytes) else {
                throw APIError(.badRequest, "Invalid file 'input_reference'.", param: name)
            }
            guard "\(picture.width)x\(picture.height)" == size else {
                throw APIError(
                    .badRequest,
                    "Inpaint image must match the requested width and height"
                )
            }
        case .json(let value):
            try checkReferenceObject(value)
        }
    }

    private static func checkReferenceObject(_ value: JSONValue) throws(APIError) {
        let name = "input_reference"
        guard value.object != nil else {
            throw .wrongType(name, expected: "a file or an object", got: "something else")
        }
        let url = value["image_url"]?.string
        let file = value["file_id"]?.string
        guard (url == nil) != (file == nil) else {
            throw APIError(
                .badRequest,
                "Invalid 'input_reference': expected exactly one of 'file_id' and 'image_url'.",
                param: name,
                code: "invalid_value"
            )
        }
        guard (url?.utf8.count ?? 0) <= imageURLByteCountMax else {
            throw APIError(
                .badRequest,
                "Invalid 'input_reference.image_url': string too long.",
                param: "input_reference.image_url",
                code: "string_above_max_length"
            )
        }
    }

    private static func checkCharacters(_ form: VideoForm) throws(APIError) {
        let name = "characters"
        guard let field = form[name] else { return }
        guard case .json(let value) = field, let characters = value.array else {
            throw .wrongType(name, expected: "an array of objects", got: "something else")
        }
        guard characters.count <= charactersMax else {
            throw APIError(
                .badRequest,
                "Invalid 'characters': array too long. Expected an array with maximum length "
                    + "\(charactersMax), but got an array with length \(characters.count).",
                param: name,
                code: "array_above_max_length"
            )
        }
        for character in characters where character["id"]?.string == nil {
            throw .missing("characters[].id")
        }
    }
}
