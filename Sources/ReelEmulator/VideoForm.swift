internal import ReelHTTP
internal import ReelJSON

/// The fields of a request's body, whichever of the API's encodings it came in.
///
/// JSON, `multipart/form-data`, and in the latter also nested values by their bracketed names
/// (`video[id]`, `characters[][id]`), as the official SDKs write them.
struct VideoForm: Sendable {
    /// One field, as far as its encoding tells what it is.
    enum Value: Sendable {
        /// A part without a file name; it may stand for any type.
        case text(String)
        case json(JSONValue)
        case file(contentType: String?, bytes: [UInt8])
    }

    private var values: [String: Value] = [:]

    /// Reads a body.
    ///
    /// - Throws: `APIError` when the encoding is none of those or the body is not well-formed.
    init(_ request: HTTPRequest) throws(APIError) {
        let contentType = request.fields["Content-Type"] ?? ""
        let essence = contentType.split(separator: ";").first.map(String.init) ?? ""
        switch essence.lowercased().trimmingSpaces {
        case "application/json": try readJSON(request.body)
        case "multipart/form-data":
            try readMultipart(request.body, contentType: contentType)
        default:
            throw APIError(
                .badRequest,
                "Unsupported content type. This API method accepts 'application/json' and "
                    + "'multipart/form-data' requests.",
                code: "unsupported_content_type"
            )
        }
    }

    subscript(_ name: String) -> Value? { values[name] }

    /// A string; nil when the field is absent or null.
    ///
    /// - Throws: `APIError` with the code `invalid_type` when it is something else.
    func string(_ name: String, expected: String = "a string") throws(APIError) -> String? {
        switch values[name] {
        case nil, .json(.null): return nil
        case .text(let text), .json(.string(let text)): return text
        case .json(let value):
            throw .wrongType(name, expected: expected, got: Self.article(for: value))
        case .file: throw .wrongType(name, expected: expected, got: "a file")
        }
    }

    private mutating func readJSON(_ body: [UInt8]) throws(APIError) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(body)
        } catch {
            throw Self.notParsed
        }
        guard let object = value.object else { throw Self.notParsed }
        for member in object.members { values[member.name] = .json(member.value) }
    }

    private mutating func readMultipart(
        _ body: [UInt8],
        contentType: String
    ) throws(APIError) {
        let parts: [MultipartPart]
        do {
            parts = try MultipartForm.parse(body, contentType: contentType)
        } catch {
            throw APIError(.badRequest, "Could not parse multipart form.")
        }
        for part in parts {
            guard part.fileName == nil else {
                values[part.name] = .file(contentType: part.contentType, bytes: part.body)
                continue
            }
            guard let text = String(validating: part.body, as: UTF8.self) else {
                throw APIError(.badRequest, "Could not parse multipart form.", param: part.name)
            }
            readTextPart(part.name, text)
        }
    }

    private mutating func readTextPart(_ name: String, _ text: String) {
        let pieces = name.split(separator: "[", omittingEmptySubsequences: false)
        guard pieces.count > 1, pieces.dropFirst().allSatisfy({ $0.hasSuffix("]") }) else {
            values[name] = .text(text)
            return
        }
        let outer = String(pieces[0])
        let keys = pieces.dropFirst().map { String($0.dropLast()) }
        if keys.count == 1 {
            var object = JSONObject()
            if case .json(.object(let known)) = values[outer] { object = known }
            object[keys[0]] = .string(text)
            values[outer] = .json(.object(object))
        } else if keys.count == 2, keys[0].isEmpty {
            var list: [JSONValue] = []
            if case .json(.array(let known)) = values[outer] { list = known }
            list.append(.object([keys[1]: .string(text)]))
            values[outer] = .json(.array(list))
        } else {
            values[name] = .text(text)
        }
    }

    private static let notParsed = APIError(
        .badRequest,
        "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload."
    )

    private static func article(for value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .number(let number): number.integer == nil ? "a decimal number" : "an integer"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    fileprivate var trimmingSpaces: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }),
            let last = lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(self[first...last])
    }
}
