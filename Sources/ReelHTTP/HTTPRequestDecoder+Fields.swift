extension HTTPRequestDecoder {
    /// Reads the header section to its empty line; false when it is not there whole.
    mutating func readFields() throws(HTTPRule) -> Bool {
        while true {
            let used = position - sectionStart
            let line = try takeLine(
                atMost: limits.fieldSectionByteCountMax - used - 2,
                orElse: .fieldSectionTooLarge
            )
            guard let line else { return false }
            guard !line.isEmpty else { break }
            guard head.fields.count < limits.fieldCountMax else { throw .tooManyFields }
            let (name, value) = try splitField(line)
            try note(name: name, value: value)
            head.fields.append(
                HTTPFields.Entry(
                    name: (name.lowerBound - sectionStart)..<(name.upperBound - sectionStart),
                    value: (value.lowerBound - sectionStart)..<(value.upperBound - sectionStart)
                )
            )
        }
        try checkHost()
        try decideFraming()
        guard !head.isEncoded else { throw .contentEncoding }
        head.fields.setBytes(buffer[sectionStart..<position])
        return true
    }

    /// Splits a field line (RFC 9112, section 5) at its colon and trims the value.
    func splitField(_ line: Range<Int>) throws(HTTPRule) -> (name: Range<Int>, value: Range<Int>) {
        let bytes = buffer.span
        guard !isSpace(bytes[line.lowerBound]) else { throw .foldedLine }
        let token = ByteSet.token
        var colon = line.lowerBound
        while colon < line.upperBound, token.contains(bytes[colon]) { colon += 1 }
        guard colon < line.upperBound else { throw .missingColon }
        guard bytes[colon] == UInt8(ascii: ":") else {
            var next = colon
            while next < line.upperBound, isSpace(bytes[next]) { next += 1 }
            let isSpaced = next > colon && next < line.upperBound && bytes[next] == 0x3A
            throw isSpaced ? .spaceBeforeColon : .invalidFieldName
        }
        guard colon > line.lowerBound else { throw .emptyFieldName }
        var start = colon + 1
        var end = line.upperBound
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return (line.lowerBound..<colon, start..<end)
    }

    /// Remembers the fields that decide about the message itself.
    private mutating func note(name: Range<Int>, value: Range<Int>) throws(HTTPRule) {
        switch name.count {
        case 4 where isName(name, "host"):
            guard head.host == nil else { throw .duplicateHost }
            head.host = value
        case 6 where isName(name, "expect"):
            guard head.expectation == nil else { throw .unknownExpectation }
            head.expectation = value
        case 10 where isName(name, "connection"): noteConnection(value)
        case 14 where isName(name, "content-length"):
            guard buffer[name.lowerBound + 7] == 0x2D else { throw .framingLookalike }
            guard head.contentLength == nil else { throw .duplicateContentLength }
            head.contentLength = value
        case 16 where equals(name, "content-encoding"):
            let isSecond = head.hasContentEncoding
            head.hasContentEncoding = true
            if isSecond || !equals(value, "identity") { head.isEncoded = true }
        case 17 where isName(name, "transfer-encoding"):
            guard buffer[name.lowerBound + 8] == 0x2D else { throw .framingLookalike }
            guard head.transferEncoding == nil else { throw .duplicateTransferEncoding }
            head.transferEncoding = value
        default: break
        }
    }

    /// Whether the bytes are that name in lower case, an underscore counting as a hyphen.
    private func isName(_ range: Range<Int>, _ name: StaticString) -> Bool {
        equals(range, name, underscoreAsHyphen: true)
    }

    /// Whether the bytes are that ASCII text but for the case of letters.
    func equals(
        _ range: Range<Int>,
        _ text: StaticString,
        underscoreAsHyphen: Bool = false
    ) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        // SAFETY: a literal's bytes live as long as the program; the count is the literal's own.
        let expected = unsafe UnsafeBufferPointer(
            start: text.utf8Start,
            count: text.utf8CodeUnitCount
        )
        for offset in 0..<range.count {
            let byte = buffer[range.lowerBound + offset]
            let read = underscoreAsHyphen && byte == 0x5F ? 0x2D : lowered(byte)
            guard unsafe read == expected[offset] else { return false }
        }
        return true
    }

    private mutating func noteConnection(_ value: Range<Int>) {
        for option in listElements(value) {
            if equals(option, "close") { head.asksToClose = true }
            if equals(option, "keep-alive") { head.asksToKeepAlive = true }
        }
    }

    /// The elements of a comma-separated list (RFC 9110, section 5.6.1), trimmed, empty ones too.
    func listElements(_ value: Range<Int>) -> [Range<Int>] {
        var elements: [Range<Int>] = []
        var start = value.lowerBound
        while true {
            var end = start
            while end < value.upperBound, buffer[end] != UInt8(ascii: ",") { end += 1 }
            let next = end
            while start < end, isSpace(buffer[start]) { start += 1 }
            while end > start, isSpace(buffer[end - 1]) { end -= 1 }
            elements.append(start..<end)
            guard next < value.upperBound else { return elements }
            start = next + 1
        }
    }

    /// Requires one valid `Host` in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112, section 3.2).
    private func checkHost() throws(HTTPRule) {
        guard let range = head.host else {
            guard head.version == .http10 else { throw .missingHost }
            return
        }
        guard let url = head.targetURL else {
            guard HTTPAuthority.isValid(buffer[range]) else { throw .invalidHost }
            return
        }
        guard let host = HTTPAuthority(buffer[range]) else { throw .invalidHost }
        guard host.host == url.host, host.port ?? url.scheme.defaultPort == url.port else {
            throw .hostMismatch
        }
    }
}

func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09
}
