internal import ReelCrypto

/// The entries of a signature field that can be compared with a code.
///
/// Entries are separated by spaces and tabs. Those of other versions, and those that are not 32
/// bytes in canonical base64, are skipped: a sender may add to the list, and one entry that is
/// good is enough. A field with bytes that are neither visible ASCII nor a separator is none.
struct SignatureList {
    /// How many entries are compared at most; a sender that rotates its secret sends two.
    static let entryCountMax = 32

    private(set) var codes: [[32 of UInt8]] = []

    init(parsing bytes: Span<UInt8>, compatibility: WebhookCompatibility) {
        for index in bytes.indices where !Self.isAllowed(bytes[index]) { return }
        var start = 0
        while start < bytes.count, codes.count < Self.entryCountMax {
            guard !Self.isSeparator(bytes[start]) else {
                start += 1
                continue
            }
            var end = start
            while end < bytes.count, !Self.isSeparator(bytes[end]) { end += 1 }
            let entry = bytes.extracting(start..<end)
            if let code = Self.code(entry, compatibility) { codes.append(code) }
            start = end
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) || byte == UInt8(ascii: "\t")
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func code(
        _ entry: Span<UInt8>,
        _ compatibility: WebhookCompatibility
    ) -> [32 of UInt8]? {
        let hasVersion =
            entry.count > 3 && entry[0] == UInt8(ascii: "v") && entry[1] == UInt8(ascii: "1")
            && entry[2] == UInt8(ascii: ",")
        guard hasVersion else {
            switch compatibility {
            case .strict: return nil
            case .openai: return Base64.decodeDigest(entry)
            }
        }
        return Base64.decodeDigest(entry.extracting(3..<entry.count))
    }
}
