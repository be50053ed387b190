/// A `Content-Range` field of bytes (RFC 9110, section 14.4).
package struct HTTPContentRange: Sendable, Hashable {
    /// Offsets from 0, the upper one not included; nil in `bytes */size`, the form of a 416.
    package let offsets: Range<Int64>?
    /// The size of the whole; nil when the sender does not know it (`*`).
    package let size: Int64?

    /// Takes `bytes a-b/n`, `bytes a-b/*` and `bytes */n`; nil for anything else, such as an end
    /// before the start or beyond the size.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.prefix(6).map(lowered).elementsEqual("bytes ".utf8) else { return nil }
        let rest = bytes.dropFirst(6)
        let parts = rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let size = Self.number(parts[1])
        guard size != nil || parts[1].elementsEqual("*".utf8) else { return nil }
        self.size = size
        if parts[0].elementsEqual("*".utf8) {
            guard size != nil else { return nil }
            offsets = nil
            return
        }
        let ends = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
            first <= last, last < size ?? .max
        else { return nil }
        offsets = first..<(last + 1)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy(isDigit) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
