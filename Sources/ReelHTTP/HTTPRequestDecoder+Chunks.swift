extension HTTPRequestDecoder {
    /// Reads a chunk's size and extensions (RFC 9112, section 7.1).
    mutating func readChunkLine() throws(HTTPRule) -> Bool {
        let line = try takeLine(atMost: limits.chunkLineByteCountMax, orElse: .chunkLineTooLong)
        guard let line else { return false }
        var size: UInt64 = 0
        var index = line.lowerBound
        while index < line.upperBound, let digit = hexadecimalValue(buffer[index]) {
            size = size << 4 | UInt64(digit)
            index += 1
        }
        guard (1...16).contains(index - line.lowerBound), size <= UInt64(Int64.max) else {
            throw .invalidChunkSize
        }
        try checkChunkExtensions(index..<line.upperBound)
        guard size > 0 else {
            sectionStart = position
            state = .trailer
            return true
        }
        guard size <= limits.bodyByteCountMax - body.count else { throw .bodyTooLarge }
        state = .chunkData(remaining: Int(size))
        return true
    }

    /// Walks over `*( BWS ";" BWS name [ BWS "=" BWS value ] )` (RFC 9112, section 7.1.1); what
    /// the extensions say is ignored.
    private mutating func checkChunkExtensions(_ range: Range<Int>) throws(HTTPRule) {
        chunkExtensionByteCount += range.count
        guard chunkExtensionByteCount <= limits.chunkExtensionByteCountMax else {
            throw .chunkExtensionsTooLarge
        }
        var index = range.lowerBound
        // `5 5`, `5x`: what follows the digits is no extension at all.
        var fault = HTTPRule.invalidChunkSize
        while index < range.upperBound {
            index = skipSpace(from: index, to: range.upperBound)
            guard index < range.upperBound, buffer[index] == UInt8(ascii: ";") else { throw fault }
            fault = .invalidChunkExtension
            index = skipSpace(from: index + 1, to: range.upperBound)
            index = try skipToken(from: index, to: range.upperBound)
            let end = skipSpace(from: index, to: range.upperBound)
            guard end < range.upperBound, buffer[end] == UInt8(ascii: "=") else { continue }
            index = skipSpace(from: end + 1, to: range.upperBound)
            if index < range.upperBound, buffer[index] == UInt8(ascii: "\"") {
                index = try skipQuoted(from: index + 1, to: range.upperBound)
            } else {
                index = try skipToken(from: index, to: range.upperBound)
            }
        }
    }

    private func skipSpace(from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, isSpace(buffer[index]) { index += 1 }
        return index
    }

    private func skipToken(from start: Int, to end: Int) throws(HTTPRule) -> Int {
        var index = start
        while index < end, ByteSet.token.contains(buffer[index]) { index += 1 }
        guard index > start else { throw .invalidChunkExtension }
        return index
    }

    /// Steps over a quoted string (RFC 9110, section 5.6.4) from after its first quote.
    private func skipQuoted(from start: Int, to end: Int) throws(HTTPRule) -> Int {
        var index = start
        while index < end {
            if buffer[index] == UInt8(ascii: "\"") { return index + 1 }
            index += buffer[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        throw .invalidChunkExtension
    }

    mutating func readChunkData(_ remaining: Int) -> Bool {
        let available = min(remaining, buffer.count - position)
        moveToBody(available, of: remaining)
        state = available == remaining ? .chunkEnd : .chunkData(remaining: remaining - available)
        return available == remaining
    }

    /// Requires the line end after a chunk's data, byte by byte: anything else shows that sender
    /// and receiver disagree about the size.
    mutating func readChunkEnd() throws(HTTPRule) -> Bool {
        guard position < buffer.count else { return false }
        guard buffer[position] == 0x0D else { throw .chunkWithoutEnd }
        guard position + 1 < buffer.count else { return false }
        guard buffer[position + 1] == 0x0A else { throw .chunkWithoutEnd }
        position += 2
        scanned = position
        state = .chunkLine
        return true
    }

    /// Reads the trailer to its empty line; its fields are checked and dropped, as RFC 9110,
    /// section 6.5.1, allows.
    mutating func readTrailer() throws(HTTPRule) -> Bool {
        while true {
            let used = position - sectionStart
            let line = try takeLine(
                atMost: limits.trailerSectionByteCountMax - used - 2,
                orElse: .trailerTooLarge
            )
            guard let line else { return false }
            guard !line.isEmpty else { break }
            let (name, _) = try splitField(line)
            let isForbidden =
                equals(name, "content-length") || equals(name, "transfer-encoding")
                || equals(name, "host") || equals(name, "trailer")
            guard !isForbidden else { throw .forbiddenTrailer }
        }
        state = .complete
        return true
    }
}
