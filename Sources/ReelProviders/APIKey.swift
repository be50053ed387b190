/// A provider's API key, which no description, dump or log line shows.
package struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let text: String

    /// Takes visible ASCII of at most 4096 bytes, white space around it removed; nil for anything
    /// else, such as a key with a line end inside.
    package init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.first, byte <= 0x20 { bytes.removeFirst() }
        while let byte = bytes.last, byte <= 0x20 { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= 4096, bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    /// The value of the `Authorization` field (RFC 6750, section 2.1).
    var authorization: String { "Bearer " + text }

    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
