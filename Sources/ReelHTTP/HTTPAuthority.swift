/// A host and perhaps a port, as in a `Host` field or a URL (RFC 3986, sections 3.2.2 and 3.2.3).
struct HTTPAuthority: Sendable, Hashable {
    /// In lower case; an IPv6 address with its brackets.
    let host: String
    let port: UInt16?

    /// Takes a host that is not empty, without user information; nil for anything else.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard let (hostEnd, port) = Self.parts(of: bytes) else { return nil }
        self.port = port
        host = String(decoding: bytes[..<hostEnd].map(lowered), as: UTF8.self)
    }

    /// Checks as the initialiser does and makes nothing, for the field that every request has.
    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        parts(of: bytes) != nil
    }

    private static func parts(of bytes: ArraySlice<UInt8>) -> (hostEnd: Int, port: UInt16?)? {
        let hostEnd: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")),
                isIPv6(bytes[(bytes.startIndex + 1)..<bracket])
            else { return nil }
            hostEnd = bracket + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            guard isRegisteredName(bytes[..<hostEnd]) else { return nil }
        }
        let rest = bytes[hostEnd...]
        guard hostEnd > bytes.startIndex, rest.isEmpty || rest.first == UInt8(ascii: ":") else {
            return nil
        }
        let digits = rest.dropFirst()
        guard digits.count <= 5, digits.allSatisfy(isDigit) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard number <= 65_535 else { return nil }
        return (hostEnd, digits.isEmpty ? nil : UInt16(number))
    }

    private static func isRegisteredName(_ bytes: ArraySlice<UInt8>) -> Bool {
        let allowed = ByteSet.registeredName
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, hexadecimalValue(bytes[index + 1]) != nil,
                    hexadecimalValue(bytes[index + 2]) != nil
                else { return false }
            } else if !allowed.contains(bytes[index]) {
                return false
            }
            index += 1
        }
        return true
    }

    /// Eight groups of hexadecimal digits, one run of which may be left out, the last two perhaps
    /// as an IPv4 address.
    private static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groupCount = 0
        for (index, half) in halves.enumerated() where !half.isEmpty || halves.count == 1 {
            var groups = half.split(separator: ":", omittingEmptySubsequences: false)
            if index == halves.count - 1, let last = groups.last, last.utf8.contains(0x2E) {
                guard isIPv4(last) else { return false }
                groups.removeLast()
                groupCount += 2
            }
            guard groups.allSatisfy(isGroup) else { return false }
            groupCount += groups.count
        }
        return halves.count == 1 ? groupCount == 8 : groupCount < 8
    }

    private static func isGroup(_ text: Substring) -> Bool {
        (1...4).contains(text.utf8.count)
            && text.utf8.allSatisfy { hexadecimalValue($0) != nil }
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy(isDigit)
                    && UInt8(part) != nil && (part.utf8.count == 1 || part.utf8.first != 0x30)
            }
    }
}
