/// A provider's name for a video, checked so that it can name a folder.
///
/// It is 1 to 200 bytes of `A-Z a-z 0-9 . _ ~ = + : @ -` and begins with a letter, a digit or an
/// underscore: every id seen at a provider passes, and nothing that walks a path does.
public struct VideoID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// Takes a name by the rule above; nil for anything else.
    public init?(_ rawValue: String) {
        guard (1...200).contains(rawValue.utf8.count), let first = rawValue.utf8.first,
            Self.isAlphanumeric(first) || first == UInt8(ascii: "_"),
            rawValue.utf8.allSatisfy({ Self.isAlphanumeric($0) || Self.marks.contains($0) })
        else { return nil }
        self.rawValue = rawValue
    }

    public var description: String { rawValue }

    private static let marks = Array("._~=+:@-".utf8)

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
