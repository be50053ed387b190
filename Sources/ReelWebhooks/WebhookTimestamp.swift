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
    init?(parsing text: String, compatibility: WebhookCompatibility) {
        guard text.utf8.count <= Self.textByteCountMax else { return nil }
        var digits = text.utf8[...]
        switch compatibility {
        case .strict:
            if digits.first == UInt8(ascii: "0"), digits.count > 1 { return nil }
        case .openai:
            digits = digits.drop { $0 == 0x20 || $0 == 0x09 }
            while let last = digits.last, last == 0x20 || last == 0x09 { digits.removeLast() }
            if digits.first == UInt8(ascii: "+") { digits.removeFirst() }
            while digits.count > 1, digits.first == UInt8(ascii: "0") { digits.removeFirst() }
        }
        guard !digits.isEmpty, digits.count <= Self.digitCountMax else { return nil }
        var seconds: Int64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            seconds = seconds * 10 + Int64(digit - 0x30)
        }
        self.seconds = seconds
    }
}
