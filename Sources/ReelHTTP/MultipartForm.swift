/// Reads and writes `multipart/form-data` (RFC 7578).
///
/// It reads the forms that clients make, without what RFC 2046 allows around them: no text before
/// the first boundary or after the last.
package enum MultipartForm {
    /// Reads the parts in their order; several may have one name.
    ///
    /// - Throws: `MultipartError` at the first fault.
    package static func parse(
        _ body: [UInt8],
        contentType: String,
        limits: MultipartLimits = MultipartLimits()
    ) throws(MultipartError) -> [MultipartPart] {
        guard let type = HTTPParameterizedValue(contentType), type.value == "multipart/form-data"
        else { throw .notMultipart }
        guard let boundary = type["boundary"], isBoundary(boundary) else { throw .invalidBoundary }
        var reader = MultipartReader(body, boundary: boundary, limits: limits)
        return try reader.parts()
    }

    /// The `Content-Type` of a form with that boundary.
    package static func contentType(boundary: String) -> String {
        "multipart/form-data; boundary=\(boundary)"
    }

    /// Writes a form.
    ///
    /// - Parameters:
    ///   - parts: The parts in their order.
    ///   - boundary: 1 to 70 letters, digits and hyphens that stand in no part, such as the 32
    ///     hexadecimal digits of a random number.
    /// - Returns: The content of the request.
    package static func encode(_ parts: [MultipartPart], boundary: String) -> [UInt8] {
        precondition(isBoundary(boundary), "a boundary has 1 to 70 bytes that RFC 2046 allows")
        var body: [UInt8] = []
        body.reserveCapacity(parts.reduce(256) { $0 + $1.body.count + 256 })
        for part in parts {
            var head =
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(escaped(part.name))\""
            if let fileName = part.fileName { head += "; filename=\"\(escaped(fileName))\"" }
            head += "\r\n"
            if let type = part.contentType { head += "Content-Type: \(oneLine(type))\r\n" }
            body.append(contentsOf: (head + "\r\n").utf8)
            body.append(contentsOf: part.body)
            body.append(contentsOf: [0x0D, 0x0A])
        }
        body.append(contentsOf: "--\(boundary)--\r\n".utf8)
        return body
    }

    /// Quotes and line ends as browsers escape them; a name then cannot end its field.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "%22"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }

    /// RFC 2046, section 5.1.1: `bchars`, the last of which is no space.
    private static func isBoundary(_ text: String) -> Bool {
        (1...70).contains(text.utf8.count) && text.utf8.last != 0x20
            && text.utf8.allSatisfy { ByteSet.boundary.contains($0) }
    }
}
