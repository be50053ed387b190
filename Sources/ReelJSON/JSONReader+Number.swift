extension JSONReader {
    /// A number by RFC 8259, section 6.
    mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        try skipNumber()
        return JSONNumber(checkedText: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    /// Steps over a number by RFC 8259, section 6.
    mutating func skipNumber() throws(JSONError) {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let first = current
        let integerDigitCount = skipDigits()
        guard integerDigitCount == 1 || (integerDigitCount > 1 && first != UInt8(ascii: "0")) else {
            throw error(.malformedNumber, at: start)
        }
        if current == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() > 0 else { throw error(.malformedNumber, at: start) }
        }
        try skipExponent(from: start)
    }

    /// A number of the loose dialect, brought to the form of RFC 8259.
    mutating func looseNumber() throws(JSONError) -> JSONNumber {
        let start = position
        var text = ""
        if current == UInt8(ascii: "-") { text = "-" }
        if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { position += 1 }
        switch current {
        case UInt8(ascii: "I"), UInt8(ascii: "N"):
            let rest = bytes[position...]
            let isNotFinite = rest.starts(with: "Infinity".utf8) || rest.starts(with: "NaN".utf8)
            throw isNotFinite ? error(.numberNotFinite, at: start) : unexpected()
        case UInt8(ascii: "0")
        where position + 1 < bytes.count && bytes[position + 1] | 0x20 == 0x78:
            return try hexadecimalNumber(sign: text, from: start)
        default: break
        }
        let whole = position
        let wholeDigitCount = skipDigits()
        guard wholeDigitCount < 2 || bytes[whole] != UInt8(ascii: "0") else {
            throw error(.malformedNumber, at: start)
        }
        text += wholeDigitCount > 0 ? String(decoding: bytes[whole..<position], as: UTF8.self) : "0"
        if current == UInt8(ascii: ".") {
            position += 1
            let fraction = position
            guard skipDigits() + wholeDigitCount > 0 else {
                throw error(.malformedNumber, at: start)
            }
            if position > fraction {
                text += "." + String(decoding: bytes[fraction..<position], as: UTF8.self)
            }
        } else if wholeDigitCount == 0 {
            throw error(.malformedNumber, at: start)
        }
        let exponent = position
        try skipExponent(from: start)
        text += String(decoding: bytes[exponent..<position], as: UTF8.self)
        return JSONNumber(checkedText: text)
    }

    private mutating func hexadecimalNumber(
        sign: String,
        from start: Int
    ) throws(JSONError) -> JSONNumber {
        position += 2
        let digits = position
        var value: UInt64 = 0
        while let digit = hexadecimalValue(current) {
            guard value >> 60 == 0 else { throw error(.numberTooLarge, at: start) }
            value = value << 4 | UInt64(digit)
            position += 1
        }
        guard position > digits, !isNumberTail(current) else {
            throw error(.malformedNumber, at: start)
        }
        return JSONNumber(checkedText: sign + String(value))
    }

    /// Steps over an exponent if there is one, and sees to it that the number ends there.
    private mutating func skipExponent(from start: Int) throws(JSONError) {
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw error(.malformedNumber, at: start) }
        }
        guard !isNumberTail(current) else { throw error(.malformedNumber, at: start) }
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    /// Whether a byte right after a number shows that it was none.
    private func isNumberTail(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "-")
    }
}
