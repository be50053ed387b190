/// Walks over the bytes of one form.
struct MultipartReader {
    private let bytes: [UInt8]
    private let delimiter: [UInt8]
    private let limits: MultipartLimits
    private var position = 0

    init(_ bytes: [UInt8], boundary: String, limits: MultipartLimits) {
        self.bytes = bytes
        self.limits = limits
        delimiter = Array("\r\n--\(boundary)".utf8)
    }

    mutating func parts() throws(MultipartError) -> [MultipartPart] {
        // The line end before the first delimiter is not there, or all that is.
        if !bytes.isEmpty, hasDelimiter(at: 0) {
            position = delimiter.count
        } else if bytes.starts(with: delimiter.dropFirst(2)) {
            position = delimiter.count - 2
        } else {
            throw .missingStart
        }
        var parts: [MultipartPart] = []
        while try goesOn() {
            guard parts.count < limits.partCountMax else { throw .tooManyParts }
            parts.append(try part())
        }
        return parts
    }

    /// Steps over what follows a delimiter; whether a part follows.
    private mutating func goesOn() throws(MultipartError) -> Bool {
        if starts(with: "--") {
            position += 2
            if starts(with: "\r\n") { position += 2 }
            guard position == bytes.count else { throw .trailingContent }
            return false
        }
        while position < bytes.count, isSpace(bytes[position]) { position += 1 }
        guard starts(with: "\r\n") else {
            throw position < bytes.count ? .malformedDelimiter : .missingEnd
        }
        position += 2
        return true
    }

    private mutating func part() throws(MultipartError) -> MultipartPart {
        let fields = try fields()
        guard fields.values("Content-Disposition").count == 1,
            let disposition = fields["Content-Disposition"].flatMap(HTTPParameterizedValue.init),
            disposition.value == "form-data", let name = disposition["name"]
        else { throw .missingName }
        if let encoding = fields["Content-Transfer-Encoding"] {
            guard ["7bit", "8bit", "binary"].contains(encoding.lowercased()) else {
                throw .unsupportedEncoding
            }
        }
        let start = position
        while position < bytes.count, !hasDelimiter(at: position) { position += 1 }
        guard position < bytes.count else { throw .missingEnd }
        let body = Array(bytes[start..<position])
        position += delimiter.count
        return MultipartPart(
            name: name,
            fileName: disposition["filename"],
            contentType: fields["Content-Type"],
            body: body
        )
    }

    /// The header fields of a part to their empty line.
    private mutating func fields() throws(MultipartError) -> HTTPFields {
        var fields = HTTPFields()
        let start = position
        while true {
            let lineStart = position
            while position < bytes.count, bytes[position] != 0x0D, bytes[position] != 0x0A {
                position += 1
                guard position - start <= limits.partFieldsByteCountMax else {
                    throw .fieldsTooLarge
                }
            }
            guard position < bytes.count else { throw .missingEnd }
            guard starts(with: "\r\n") else { throw .malformedField }
            let line = bytes[lineStart..<position]
            position += 2
            guard !line.isEmpty else { return fields }
            guard let text = String(validating: line, as: UTF8.self),
                let colon = text.utf8.firstIndex(of: 0x3A), colon > text.startIndex,
                text.utf8[..<colon].allSatisfy({ ByteSet.token.contains($0) }),
                text.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 })
            else { throw .malformedField }
            let value = text.utf8[text.utf8.index(after: colon)...].drop { isSpace($0) }
            let trimmed = value.reversed().drop { isSpace($0) }.reversed()
            fields.append(String(text[..<colon]), String(decoding: Array(trimmed), as: UTF8.self))
        }
    }

    private func hasDelimiter(at index: Int) -> Bool {
        guard bytes[index] == 0x0D, index + delimiter.count <= bytes.count else { return false }
        for offset in delimiter.indices where bytes[index + offset] != delimiter[offset] {
            return false
        }
        return true
    }

    private func starts(with text: String) -> Bool {
        bytes[min(position, bytes.count)...].starts(with: text.utf8)
    }
}
