/// A request as the decoder hands it on: whole, within its limits, its framing beyond doubt.
package struct HTTPRequest: Sendable {
    /// The minor version of HTTP/1.
    package enum Version: Sendable {
        case http10
        case http11
    }

    package var method: HTTPMethod
    package var target: HTTPTarget
    package var version: Version
    package var fields: HTTPFields
    /// The content after the transfer coding is taken off, byte for byte.
    package var body: [UInt8]

    package init(
        method: HTTPMethod,
        target: HTTPTarget,
        version: Version = .http11,
        fields: HTTPFields = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.body = body
    }
}

/// A request target in origin form (RFC 9112, section 3.2.1), split at the question mark.
package struct HTTPTarget: Hashable, Sendable {
    /// The path as it was sent, percent-encoding included; begins with a slash.
    package let path: String
    /// What follows the first question mark, as it was sent; nil when there is none.
    package let query: String?

    /// Takes visible ASCII that begins with a slash and holds no fragment; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.first == UInt8(ascii: "/"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
        else { return nil }
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            path = text
            query = nil
            return
        }
        path = String(text[..<mark])
        query = String(text[text.utf8.index(after: mark)...])
    }

    /// The path's segments, percent-decoded; nil when an escape is malformed, is not UTF-8, or
    /// hides a slash or a NUL.
    package var segments: [String]? {
        var decoded: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let text = percentDecoded(segment), !text.contains("/"), !text.contains("\0")
            else { return nil }
            decoded.append(text)
        }
        return decoded
    }

    /// The query as form-encoded names and values in order, malformed escapes left as they are.
    package var queryItems: [(name: String, value: String)] {
        (query ?? "").split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (formDecoded(parts[0]), parts.count > 1 ? formDecoded(parts[1]) : "")
        }
    }

    /// The last value of that name in the query.
    package func queryValue(_ name: String) -> String? {
        queryItems.last { $0.name == name }?.value
    }
}
