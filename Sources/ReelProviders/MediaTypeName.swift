/// The type and subtype of a `Content-Type` field, in lower case and without parameters.
struct MediaTypeName: Hashable {
    let text: String

    init(_ field: String) {
        let name = field.prefix { $0 != ";" }.lowercased()
        text = name.split(separator: " ").joined()
    }

    /// A page for people.
    var isMarkup: Bool { text == "text/html" || text == "application/xhtml+xml" }

    /// An answer for programs, which no file of a video is.
    var isJSON: Bool { text == "application/json" || text.hasSuffix("+json") }
}
