/// A request method (RFC 9110, section 9): a token, case-sensitive.
package struct HTTPMethod: Hashable, Sendable {
    package let name: String

    /// Takes a token by RFC 9110, section 5.6.2, of at most 32 bytes; nil for anything else.
    package init?(_ name: String) {
        guard !name.isEmpty, name.utf8.count <= 32, name.utf8.allSatisfy(isTokenByte) else {
            return nil
        }
        self.name = name
    }

    private init(known: String) {
        name = known
    }

    package static let get = HTTPMethod(known: "GET")
    package static let head = HTTPMethod(known: "HEAD")
    package static let post = HTTPMethod(known: "POST")
    package static let put = HTTPMethod(known: "PUT")
    package static let delete = HTTPMethod(known: "DELETE")
    package static let options = HTTPMethod(known: "OPTIONS")
    package static let patch = HTTPMethod(known: "PATCH")
}

/// Whether the byte may stand in a token (RFC 9110, section 5.6.2: `tchar`).
package func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
    default: false
    }
}
