/// A request target in origin form (RFC 9112, section 3.2.1), split at the question mark.
package struct HTTPTarget: Hashable, Sendable {
    /// The path as it was sent, percent-encoding included; begins with a slash, or is the `*` of
    /// an OPTIONS request about the server as a whole.
    package let path: String
    /// What follows the first question mark, as it was sent; nil when there is none.
    package let query: String?

    /// The target of `OPTIONS *` (RFC 9112, section 3.2.4).
    package static let asterisk = HTTPTarget(path: "*", query: nil)

    /// Takes a path that begins with a slash and perhaps a query, of the bytes that RFC 3986,
    /// section 3, allows there; nil for anything else.
    ///
    /// A percent sign is followed by two hexadecimal digits. Square brackets are let through in
    /// the query, where widespread clients send them bare.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes, in: 0..<bytes.count)
    }

    init?(_ bytes: [UInt8], in range: Range<Int>) {
        guard !range.isEmpty, bytes[range.lowerBound] == UInt8(ascii: "/"),
            let mark = Self.checkedQueryMark(bytes.span, in: range)
        else { return nil }
        path = String(decoding: bytes[range.lowerBound..<mark], as: UTF8.self)
        query =
            mark < range.upperBound
            ? String(decoding: bytes[(mark + 1)..<range.upperBound], as: UTF8.self) : nil
    }

    init(path: String, query: String?) {
        self.path = path
        self.query = query
    }

    /// Whether the bytes are this target in origin form, without a query.
    func isWritten(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        let path = path.utf8
        guard query == nil, path.count == range.count, path.first == UInt8(ascii: "/") else {
            return false
        }
        var index = range.lowerBound
        for byte in path {
            guard byte == bytes[index] else { return false }
            index += 1
        }
        return true
    }

    /// Where the first question mark stands, or the end; nil when a byte may not stand where it
    /// does.
    private static func checkedQueryMark(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int? {
        let path = ByteSet.path
        var mark = range.upperBound
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < range.upperBound, hexadecimalValue(bytes[index + 1]) != nil,
                    hexadecimalValue(bytes[index + 2]) != nil
                else { return nil }
            } else if byte == UInt8(ascii: "?") {
                mark = min(mark, index)
            } else if !path.contains(byte) {
                guard mark < index, byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
                else { return nil }
            }
            index += 1
        }
        return mark
    }

    /// The path's segments, percent-decoded; nil when an escape is malformed, is not UTF-8, or
    /// hides a slash or a NUL.
    package var segments: [String]? {
        var decoded: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let text = percentDecoded(segment), !text.utf8.contains(UInt8(ascii: "/")),
                !text.utf8.contains(0)
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
