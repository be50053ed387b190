extension JSONReader {
    /// A string in the quotes that stand at the position.
    mutating func string() throws(JSONError) -> String {
        let quote = bytes[position]
        let start = position + 1
        guard let (range, isASCII) = try plainString() else {
            return try escapedString(quote: quote, from: start)
        }
        return try text(bytes[range], isASCII: isASCII, from: start)
    }

    /// Steps over a string without escapes and says where its content stands; nil, at the first
    /// escape, for another.
    mutating func plainString() throws(JSONError) -> (content: Range<Int>, isASCII: Bool)? {
        let quote = bytes[position]
        let start = position + 1
        var index = start
        var union: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote {
                position = index + 1
                return (start..<index, union < 0x80)
            }
            if byte == UInt8(ascii: "\\") {
                position = index
                return nil
            }
            guard isPlain(byte) else { throw error(.controlCharacter, at: index) }
            union |= byte
            index += 1
        }
        throw error(.unexpectedEnd, at: index)
    }

    /// Steps over a string, which is checked and not made where it has no escape.
    mutating func skipString() throws(JSONError) {
        let quote = bytes[position]
        let start = position + 1
        if let (range, isASCII) = try plainString() {
            if !isASCII { _ = try text(bytes[range], isASCII: false, from: start) }
        } else {
            _ = try escapedString(quote: quote, from: start)
        }
    }

    /// The rest of a string from its first escape on.
    mutating func escapedString(
        quote: UInt8,
        from start: Int
    ) throws(JSONError) -> String {
        var content = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            if byte == quote {
                position += 1
                return try text(content[...], isASCII: false, from: start)
            }
            if byte == UInt8(ascii: "\\") {
                try escape(into: &content)
                continue
            }
            guard isPlain(byte) else { throw error(.controlCharacter, at: position) }
            content.append(byte)
            position += 1
        }
        throw error(.unexpectedEnd, at: position)
    }

    /// Whether the byte may stand in a string itself; the loose dialect lets the tab.
    private func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 || (isLoose && byte == 0x09)
    }

    private func text(
        _ content: ArraySlice<UInt8>,
        isASCII: Bool,
        from start: Int
    ) throws(JSONError) -> String {
        if isASCII { return String(decoding: content, as: UTF8.self) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw error(.invalidUTF8, at: start)
        }
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard position < bytes.count else { throw error(.unexpectedEnd, at: position) }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: try character(from: start))
        case UInt8(ascii: "'") where isLoose: content.append(letter)
        case UInt8(ascii: "v") where isLoose: content.append(0x0B)
        case UInt8(ascii: "0") where isLoose && !(0x30...0x39).contains(current):
            content.append(0x00)
        case UInt8(ascii: "x") where isLoose:
            let scalar = Unicode.Scalar(UInt8(try hexadecimal(digitCount: 2, from: start)))
            content.append(contentsOf: String(scalar).utf8)
        case 0x0A where isLoose: break
        case 0x0D where isLoose: if current == 0x0A { position += 1 }
        default: throw error(.malformedEscape, at: start)
        }
    }

    /// The character of a `\u` escape, or of two that are a surrogate pair, as UTF-8.
    private mutating func character(from start: Int) throws(JSONError) -> String.UTF8View {
        var code = try hexadecimal(digitCount: 4, from: start)
        if (0xD800...0xDBFF).contains(code), current == UInt8(ascii: "\\"),
            position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try hexadecimal(digitCount: 4, from: start)
            guard (0xDC00...0xDFFF).contains(low) else { throw error(.loneSurrogate, at: start) }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error(.loneSurrogate, at: start) }
        return String(scalar).utf8
    }

    private mutating func hexadecimal(
        digitCount: Int,
        from start: Int
    ) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digitCount {
            guard let digit = hexadecimalValue(current) else {
                throw error(position < bytes.count ? .malformedEscape : .unexpectedEnd, at: start)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
