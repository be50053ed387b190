extension HTTPRequestDecoder {
    private static let methodByteCountMax = 32

    /// Reads the request line (RFC 9112, section 3); false when it is not there whole.
    mutating func readRequestLine() throws(HTTPRule) -> Bool {
        guard position < buffer.count else { return false }
        try checkFirstByte(buffer[position])
        let byteCountMax = Self.methodByteCountMax + limits.targetByteCountMax + 10
        guard let line = try takeLine(atMost: byteCountMax, orElse: .targetTooLong) else {
            return false
        }
        guard !line.isEmpty else {
            emptyLineCount += 1
            guard emptyLineCount == 1 else { throw .emptyLines }
            return true
        }
        try parseRequestLine(line)
        // What lies before is not looked at again, and ranges are counted from here.
        sectionStart = position
        state = .fields
        return true
    }

    /// Refuses what is no HTTP/1 at its first byte, without waiting for a line end that may never
    /// come.
    private func checkFirstByte(_ byte: UInt8) throws(HTTPRule) {
        switch byte {
        case 0x0D: return
        case 0x0A: throw .bareLF
        case 0x16: throw .tlsHandshake
        case 0x20, 0x09: throw .malformedRequestLine
        default: guard ByteSet.token.contains(byte) else { throw .invalidMethod }
        }
    }

    private mutating func parseRequestLine(_ line: Range<Int>) throws(HTTPRule) {
        guard let methodEnd = firstSpace(in: line) else { throw .malformedRequestLine }
        let method = line.lowerBound..<methodEnd
        let token = ByteSet.token
        for index in method where !token.contains(buffer[index]) { throw .invalidMethod }
        guard method.count <= Self.methodByteCountMax else { throw .methodTooLong }
        let rest = (methodEnd + 1)..<line.upperBound
        guard let targetEnd = firstSpace(in: rest) else {
            let isOldGet = buffer[method].elementsEqual("GET".utf8) && !rest.isEmpty
            throw isOldGet ? .http09 : .malformedRequestLine
        }
        let target = rest.lowerBound..<targetEnd
        let version = (targetEnd + 1)..<line.upperBound
        guard !target.isEmpty, firstSpace(in: version) == nil else { throw .malformedRequestLine }
        guard target.count <= limits.targetByteCountMax else { throw .targetTooLong }
        head.method = HTTPMethod(checked: buffer[method])
        head.version = try self.version(in: version)
        try readTarget(target)
    }

    private func firstSpace(in range: Range<Int>) -> Int? {
        for index in range where buffer[index] == 0x20 { return index }
        return nil
    }

    /// A minor version above 1 is taken as 1 (RFC 9110, section 2.5).
    private func version(in range: Range<Int>) throws(HTTPRule) -> HTTPRequest.Version {
        let text = buffer[range]
        let first = range.lowerBound
        guard text.count == 8, text.starts(with: "HTTP/".utf8), isDigit(buffer[first + 5]),
            buffer[first + 6] == UInt8(ascii: "."), isDigit(buffer[first + 7])
        else { throw .malformedVersion }
        guard buffer[first + 5] == UInt8(ascii: "1") else {
            throw head.method.name == "PRI" ? .http2Preface : .unsupportedVersion
        }
        return buffer[first + 7] == UInt8(ascii: "0") ? .http10 : .http11
    }

    /// Reads a target in one of the four forms of RFC 9112, section 3.2.
    private mutating func readTarget(_ range: Range<Int>) throws(HTTPRule) {
        guard head.method.name != "CONNECT" else { throw .connectMethod }
        if head.target.isWritten(buffer.span, in: range) { return }
        if buffer[range.lowerBound] == UInt8(ascii: "/") {
            guard let target = HTTPTarget(buffer, in: range) else { throw .invalidTarget }
            head.target = target
        } else if range.count == 1, buffer[range.lowerBound] == UInt8(ascii: "*") {
            guard head.method == .options else { throw .invalidTarget }
            head.target = .asterisk
        } else {
            guard let url = HTTPURL(String(decoding: buffer[range], as: UTF8.self)) else {
                throw .invalidTarget
            }
            head.target = url.target
            head.targetURL = url
        }
    }
}

func isDigit(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10
}
