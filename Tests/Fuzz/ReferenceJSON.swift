/// Whether bytes are JSON by RFC 8259: a reading of the grammar that shares no code with the
/// parser, with its two choices (no lone surrogate, at most 64 values open at once).
struct ReferenceJSON {
    private let text: [UInt32]
    private var index = 0

    static func accepts(_ bytes: [UInt8]) -> Bool {
        guard let string = String(validating: bytes, as: UTF8.self) else { return false }
        var reader = ReferenceJSON(text: string.unicodeScalars.map(\.value))
        return reader.takesAll()
    }

    private init(text: [UInt32]) { self.text = text }

    private mutating func takesAll() -> Bool {
        space()
        guard value(open: 0) else { return false }
        space()
        return index == text.count
    }

    private mutating func value(open: Int) -> Bool {
        switch next {
        case "{": return open < 64 && list(open, until: "}") { $0.member(open + 1) }
        case "[": return open < 64 && list(open, until: "]") { $0.value(open: open + 1) }
        case "\"": return string()
        case "t": return take("true")
        case "f": return take("false")
        case "n": return take("null")
        default: return number()
        }
    }

    private mutating func list(
        _ open: Int,
        until end: Unicode.Scalar,
        _ element: (inout ReferenceJSON) -> Bool
    ) -> Bool {
        index += 1
        space()
        if next == end {
            index += 1
            return true
        }
        while true {
            guard element(&self) else { return false }
            space()
            guard let byte = next else { return false }
            index += 1
            if byte == end { return true }
            guard byte == "," else { return false }
            space()
        }
    }

    private mutating func member(_ open: Int) -> Bool {
        guard next == "\"", string() else { return false }
        space()
        guard take(":") else { return false }
        space()
        return value(open: open)
    }

    private mutating func string() -> Bool {
        index += 1
        var expectsLow = false
        while let scalar = next {
            index += 1
            if scalar == "\\" {
                guard let escape = next else { return false }
                index += 1
                if escape == "u" {
                    guard let code = code() else { return false }
                    let isLow = (0xDC00...0xDFFF).contains(code)
                    guard isLow == expectsLow else { return false }
                    expectsLow = (0xD800...0xDBFF).contains(code)
                    continue
                }
                guard "\"\\/bfnrt".unicodeScalars.contains(escape), !expectsLow else {
                    return false
                }
                continue
            }
            guard !expectsLow, scalar.value >= 0x20 else { return false }
            if scalar == "\"" { return true }
        }
        return false
    }

    private mutating func code() -> UInt32? {
        guard index + 4 <= text.count else { return nil }
        let digits = String(
            String.UnicodeScalarView(text[index..<(index + 4)].compactMap { Unicode.Scalar($0) })
        )
        guard digits.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return nil }
        index += 4
        return UInt32(digits, radix: 16)
    }

    private mutating func number() -> Bool {
        _ = take("-")
        guard take("0") || digits() else { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while let scalar = next, ("0"..."9").contains(scalar) { index += 1 }
        return index > start
    }

    private mutating func take(_ word: String) -> Bool {
        let wanted = word.unicodeScalars.map(\.value)
        guard text[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    private mutating func space() {
        while let scalar = next, " \t\r\n".unicodeScalars.contains(scalar) { index += 1 }
    }

    private var next: Unicode.Scalar? {
        index < text.count ? Unicode.Scalar(text[index]) : nil
    }
}
