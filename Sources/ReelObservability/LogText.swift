/// Text on its way into a line: cut to a length, and with nothing in it that ends a line or
/// commands a terminal.
struct LogText {
    /// How much of one value is written, in bytes of UTF-8; some values come from strangers.
    static let valueByteCountMax = 2048

    private static let digits = Array("0123456789abcdef".utf8)

    private(set) var bytes: [UInt8] = []

    mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: "\(text)".utf8)
    }

    /// Appends text that is known to be harmless.
    mutating func append(plain text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends a JSON string (RFC 8259, section 7); control characters are written as escapes.
    mutating func append(json text: String) {
        bytes.append(UInt8(ascii: "\""))
        append(escaped: text) { output, scalar in
            for unit in String(scalar).utf16 {
                output.append(contentsOf: "\\u".utf8)
                for shift in [12, 8, 4, 0] {
                    output.append(Self.digits[Int(unit >> UInt16(shift) & 15)])
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends text as it is when that is one word, and in quotes with escapes otherwise.
    mutating func append(word text: String) {
        let isWord =
            !text.isEmpty && text.utf8.count <= Self.valueByteCountMax
            && text.unicodeScalars.allSatisfy { scalar in
                scalar != " " && scalar != "\"" && scalar != "=" && scalar != "\\"
                    && Self.isHarmless(scalar)
            }
        guard !isWord else {
            append(plain: text)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        append(prose: text, escapesQuotes: true)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends text without quotes around it; control characters are written as escapes.
    mutating func append(prose text: String) {
        append(prose: text, escapesQuotes: false)
    }

    private mutating func append(prose text: String, escapesQuotes: Bool) {
        append(escaped: text, escapesQuotes: escapesQuotes) { output, scalar in
            output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
        }
    }

    private mutating func append(
        escaped text: String,
        escapesQuotes: Bool = true,
        _ escape: (inout [UInt8], Unicode.Scalar) -> Void
    ) {
        let start = bytes.count
        for scalar in text.unicodeScalars {
            guard bytes.count - start < Self.valueByteCountMax else {
                bytes.append(contentsOf: "…".utf8)
                return
            }
            switch scalar {
            case "\n": bytes.append(contentsOf: "\\n".utf8)
            case "\r": bytes.append(contentsOf: "\\r".utf8)
            case "\t": bytes.append(contentsOf: "\\t".utf8)
            case "\"" where escapesQuotes: bytes.append(contentsOf: "\\\"".utf8)
            case "\\" where escapesQuotes: bytes.append(contentsOf: "\\\\".utf8)
            case _ where Self.isHarmless(scalar): bytes.append(contentsOf: String(scalar).utf8)
            default: escape(&bytes, scalar)
            }
        }
    }

    /// Whether a character neither ends a line, commands a terminal nor turns the order of what
    /// follows it.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x80 else { return (0x20...0x7E).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}
