internal import ReelHTTP

/// Where a request goes, as the key of the limit on transfers at the same time; making one checks
/// what the request would put on the wire.
struct RequestOrigin {
    let text: String

    /// Nil when the URL is no absolute `http` or `https` one in visible ASCII, names a user, or
    /// when a field could not be sent as it is.
    init?(_ request: HTTPClientRequest) {
        let bytes = request.url.utf8
        guard bytes.count <= 16 << 10, bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
            let separator = request.url.firstRange(of: "://"),
            ["http", "https"].contains(request.url[..<separator.lowerBound].lowercased())
        else { return nil }
        let authority = request.url[separator.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@"), !authority.contains("\\"),
            request.fields.fields.allSatisfy(Self.isSendable)
        else { return nil }
        let origin = request.url[..<authority.endIndex].lowercased()
        text = request.unixSocketPath.map { "\($0) \(origin)" } ?? origin
    }

    private static func isSendable(_ field: HTTPFields.Field) -> Bool {
        !field.name.isEmpty && field.name.utf8.allSatisfy(isTokenByte)
            && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
