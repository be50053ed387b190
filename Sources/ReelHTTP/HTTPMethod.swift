/// A request method (RFC 9110, section 9): a token, case-sensitive.
package struct HTTPMethod: Hashable, Sendable {
    package let name: String

    /// Takes a token by RFC 9110, section 5.6.2, of at most 32 bytes; nil for anything else.
    package init?(_ name: String) {
        guard !name.isEmpty, name.utf8.count <= 32, name.utf8.allSatisfy(ByteSet.token.contains)
        else {
            return nil
        }
        self.name = name
    }

    private init(known: String) {
        name = known
    }

    /// Takes checked bytes, which are a token.
    init(checked bytes: ArraySlice<UInt8>) {
        name = String(decoding: bytes, as: UTF8.self)
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
    ByteSet.token.contains(byte)
}
