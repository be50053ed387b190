/// Writes JSON text.
struct JSONWriter {
    private(set) var text: [UInt8] = []
    private let indent: Int?

    init(indent: Int?) {
        precondition((indent ?? 0) >= 0, "an indent is not negative")
        self.indent = indent
    }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let truth): text.append(contentsOf: (truth ? "true" : "false").utf8)
        case .number(let number): text.append(contentsOf: number.text.utf8)
        case .string(let string): write(string)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                separate(isFirst: index == 0, level: level + 1)
                write(element, level: level + 1)
            }
            if !elements.isEmpty { startLine(level: level) }
            text.append(UInt8(ascii: "]"))
        case .object(let object):
            text.append(UInt8(ascii: "{"))
            var isFirst = true
            object.forEachMember { name, member in
                separate(isFirst: isFirst, level: level + 1)
                isFirst = false
                write(name)
                text.append(UInt8(ascii: ":"))
                if indent != nil { text.append(0x20) }
                write(member, level: level + 1)
            }
            if !isFirst { startLine(level: level) }
            text.append(UInt8(ascii: "}"))
        }
    }

    private mutating func separate(isFirst: Bool, level: Int) {
        if !isFirst { text.append(UInt8(ascii: ",")) }
        startLine(level: level)
    }

    private mutating func startLine(level: Int) {
        guard let indent else { return }
        text.append(0x0A)
        text.append(contentsOf: repeatElement(0x20, count: indent * level))
    }

    private mutating func write(_ string: String) {
        text.append(UInt8(ascii: "\""))
        if isPlain(string.utf8.span) {
            text.append(contentsOf: string.utf8)
        } else {
            for scalar in string.unicodeScalars { write(scalar) }
        }
        text.append(UInt8(ascii: "\""))
    }

    /// Whether the text is ASCII without anything to escape, as most text is.
    private func isPlain(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x20, byte < 0x7F, byte != 0x22, byte != 0x5C else { return false }
        }
        return true
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x22, 0x5C: text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(scalar.value)])
        case 0x08: text.append(contentsOf: "\\b".utf8)
        case 0x09: text.append(contentsOf: "\\t".utf8)
        case 0x0A: text.append(contentsOf: "\\n".utf8)
        case 0x0C: text.append(contentsOf: "\\f".utf8)
        case 0x0D: text.append(contentsOf: "\\r".utf8)
        case 0x00...0x1F, 0x7F...0x9F:
            let digits = String(scalar.value, radix: 16)
            let zeros = String(repeating: "0", count: 4 - digits.utf8.count)
            text.append(contentsOf: ("\\u" + zeros + digits).utf8)
        default: text.append(contentsOf: String(scalar).utf8)
        }
    }
}
