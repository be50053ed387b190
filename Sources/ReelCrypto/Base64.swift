/// Base64 with the standard alphabet, always padded (RFC 4648, section 4).
///
/// Decoding is strict: a byte string has exactly one text. Padding that is missing or too much,
/// line breaks, the URL alphabet and trailing bits that are not zero (RFC 4648, section 3.5) are
/// all refused, so that two spellings of one signature or key never pass for different ones.
package enum Base64 {
    /// Values from 0 to 63 by the byte that spells them; 255 is not in the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
    private static let pad = UInt8(ascii: "=")

    package static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes.span)
    }

    package static func encode(_ bytes: Span<UInt8>) -> String {
        let alphabet = alphabet
        let text = [UInt8](capacity: (bytes.count + 2) / 3 * 4) { output in
            var index = 0
            while index < bytes.count {
                let left = bytes.count - index
                let first = bytes[index]
                let second = left > 1 ? bytes[index + 1] : 0
                let third = left > 2 ? bytes[index + 2] : 0
                output.append(alphabet[Int(first >> 2)])
                output.append(alphabet[Int((first & 0x03) << 4 | second >> 4)])
                output.append(left > 1 ? alphabet[Int((second & 0x0F) << 2 | third >> 6)] : pad)
                output.append(left > 2 ? alphabet[Int(third & 0x3F)] : pad)
                index += 3
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that a text spells; nil unless it is their one text.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        text.makeContiguousUTF8()
        return decode(text.utf8.span)
    }

    /// The bytes that a text spells; nil unless it is their one text.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard let count = byteCount(of: text) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        var output = bytes.mutableSpan
        guard decode(text, into: &output) else { return nil }
        return bytes
    }

    /// The digest of 32 bytes that a text spells, without allocating; nil unless it is one.
    package static func decodeDigest(_ text: Span<UInt8>) -> [32 of UInt8]? {
        guard byteCount(of: text) == 32 else { return nil }
        var digest = [32 of UInt8](repeating: 0)
        var output = digest.mutableSpan
        guard decode(text, into: &output) else { return nil }
        return digest
    }

    /// How many bytes a text of that length and padding spells; nil when there is no such text.
    private static func byteCount(of text: Span<UInt8>) -> Int? {
        guard text.count.isMultiple(of: 4) else { return nil }
        guard !text.isEmpty else { return 0 }
        let padCount =
            text[text.count - 1] != pad ? 0 : text[text.count - 2] != pad ? 1 : 2
        return text.count / 4 * 3 - padCount
    }

    /// Fills `output`, whose size is the text's `byteCount`; false when the text is not canonical.
    private static func decode(
        _ text: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) -> Bool {
        let values = values
        let digitCount = (output.count * 8 + 5) / 6
        var written = 0
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for index in 0..<digitCount {
            let value = values[Int(text[index])]
            guard value < 64 else { return false }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            output[written] = UInt8(truncatingIfNeeded: bits >> bitCount)
            written += 1
        }
        return bits & ((1 << bitCount) - 1) == 0
    }
}
