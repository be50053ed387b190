/// The text with each `%XX` turned into its byte (RFC 3986, section 2.1).
///
/// - Returns: Nil when an escape is malformed or the bytes are not UTF-8.
package func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.next().flatMap(hexadecimalValue),
            let low = rest.next().flatMap(hexadecimalValue)
        else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

/// The text with every byte but the unreserved ones (RFC 3986, section 2.3) as `%XX`.
package func percentEncoded(_ text: some StringProtocol) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
        default:
            bytes.append(UInt8(ascii: "%"))
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// A part of a form-encoded query: plus signs are spaces, and a malformed escape stays as it is.
func formDecoded(_ text: some StringProtocol) -> String {
    let spaced = String(decoding: text.utf8.map { $0 == 0x2B ? 0x20 : $0 }, as: UTF8.self)
    return percentDecoded(spaced) ?? spaced
}

/// Names and values as `application/x-www-form-urlencoded`; a space becomes `%20`, which every
/// reader takes for one, where not every reader knows the plus sign.
package func formEncoded(_ items: [(name: String, value: String)]) -> String {
    items.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
}

func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
