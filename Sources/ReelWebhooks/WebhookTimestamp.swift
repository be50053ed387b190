/// The sender's time of an attempt, in whole seconds since the Unix epoch.
struct WebhookTimestamp {
    /// How many digits are read at most; eleven reach beyond the year 5000.
    static let digitCountMax = 11
    /// How long a field is read at most, in bytes.
    static let textByteCountMax = 32

    let seconds: Int64

    /// Reads digits without a leading zero; under `.openai` also a plus sign, leading zeros and
    /// spaces or tabs around, as Python's `int` does.
    ///
    /// No spelling is repaired: the signature covers the field as it was sent, so a spelling that
    /// is accepted here was meant by whoever holds the secret.
    init?(parsing text: Span<UInt8>, compatibility: WebhookCompatibility) {
        guard text.count <= Self.textByteCountMax else { return nil }
        var (start, end) = (0, text.count)
        switch compatibility {
        case .strict:
            if end > 1, text[0] == UInt8(ascii: "0") { return nil }
        case .openai:
            while start < end, Self.isSpace(text[start]) { start += 1 }
            while start < end, Self.isSpace(text[end - 1]) { end -= 1 }
            if start < end, text[start] == UInt8(ascii: "+") { start += 1 }
            while start + 1 < end, text[start] == UInt8(ascii: "0") { start += 1 }
        }
        guard (1...Self.digitCountMax).contains(end - start) else { return nil }
        var seconds: Int64 = 0
        for index in start..<end {
            guard (0x30...0x39).contains(text[index]) else { return nil }
            seconds = seconds * 10 + Int64(text[index] - 0x30)
        }
        self.seconds = seconds
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
