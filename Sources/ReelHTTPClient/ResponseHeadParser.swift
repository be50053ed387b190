internal import ReelHTTP

/// Puts a response's head together from the lines that libcurl hands over one by one.
///
/// Interim responses (1xx) are read and forgotten. Lines after the head are trailers, which nobody
/// needs.
struct ResponseHeadParser {
    /// What a line led to.
    enum LineAction {
        case more
        /// The head is complete; given once.
        case head(HTTPClientResponse.Head)
        /// The head is not one of HTTP/1, or passes the limit.
        case malformed
    }

    private let byteCountMax: Int
    private var byteCount = 0
    private var statusCode: Int?
    private var fields = HTTPFields()
    private var isComplete = false

    init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    /// Takes one line with its line end.
    mutating func lineReceived(_ line: [UInt8]) -> LineAction {
        guard !isComplete else { return .more }
        byteCount += line.count
        guard byteCount <= byteCountMax else { return .malformed }
        var text = line[...]
        if text.last == 0x0A { text.removeLast() }
        if text.last == 0x0D { text.removeLast() }
        if text.isEmpty { return sectionEnded() }
        guard statusCode != nil else { return statusLineReceived(text) }
        return fieldReceived(text)
    }

    /// Reads `HTTP/1.1 200 OK` (RFC 9112, section 4); the phrase means nothing.
    private mutating func statusLineReceived(_ line: ArraySlice<UInt8>) -> LineAction {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].starts(with: "HTTP/".utf8), parts[1].count == 3,
            parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let code = Int(String(decoding: parts[1], as: UTF8.self)), (100...599).contains(code)
        else { return .malformed }
        statusCode = code
        return .more
    }

    private mutating func fieldReceived(_ line: ArraySlice<UInt8>) -> LineAction {
        // A line that begins with white space continues a value in the obsolete way; RFC 9112,
        // section 5.2, lets a client replace it by spaces. Nothing that we read is ever folded.
        guard line.first != 0x20, line.first != 0x09 else { return .more }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return .malformed }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else { return .malformed }
        var value = line[(colon + 1)...]
        while let byte = value.first, byte == 0x20 || byte == 0x09 { value.removeFirst() }
        while let byte = value.last, byte == 0x20 || byte == 0x09 { value.removeLast() }
        fields.append(name, Self.text(value))
        return .more
    }

    private mutating func sectionEnded() -> LineAction {
        guard let statusCode else { return .malformed }
        guard statusCode >= 200 else {
            self.statusCode = nil
            fields = HTTPFields()
            return .more
        }
        isComplete = true
        // RFC 9112, section 6.3: the transfer coding overrides a length, and lengths that differ
        // leave no way to tell where the content ends.
        if fields.contains("Transfer-Encoding") {
            fields.set("Content-Length", nil)
        } else {
            let lengths = Set(fields.values("Content-Length"))
            guard lengths.count <= 1 else { return .malformed }
            if let length = lengths.first { fields.set("Content-Length", length) }
        }
        return .head(HTTPClientResponse.Head(status: HTTPStatus(statusCode), fields: fields))
    }

    /// The bytes as UTF-8, or else as Latin-1, so that nothing is lost.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
