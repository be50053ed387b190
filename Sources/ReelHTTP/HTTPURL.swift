/// An absolute `http` or `https` URL without user information and fragment (RFC 9110, section 4.2).
package struct HTTPURL: Sendable, Hashable {
    /// The two schemes, in lower case.
    package enum Scheme: String, Sendable, Hashable {
        case http
        case https

        package var defaultPort: UInt16 {
            switch self {
            case .http: 80
            case .https: 443
            }
        }
    }

    package let scheme: Scheme
    /// In lower case; an IPv6 address with its brackets.
    package let host: String
    /// The port that is named, or else the scheme's own.
    package let port: UInt16
    /// The path, a slash if the URL names none, and the query.
    package private(set) var target: HTTPTarget

    /// Takes an absolute URL; nil for another scheme, user information, an empty or malformed
    /// host, a port that is not from 1 to 65535, a fragment, and bytes that RFC 3986 forbids.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let prefix = bytes.prefix(8).map(lowered)
        if prefix.starts(with: "http://".utf8) {
            scheme = .http
        } else if prefix.starts(with: "https://".utf8) {
            scheme = .https
        } else {
            return nil
        }
        let start = scheme.rawValue.utf8.count + 3
        let end = bytes[start...].firstIndex { $0 == 0x2F || $0 == 0x3F } ?? bytes.count
        guard let authority = HTTPAuthority(bytes[start..<end]) else { return nil }
        host = authority.host
        port = authority.port ?? scheme.defaultPort
        let rest = Array(bytes[end...])
        let origin = rest.first == 0x2F ? rest : [0x2F] + rest
        guard port > 0, let target = HTTPTarget(origin, in: 0..<origin.count) else { return nil }
        self.target = target
    }

    /// The scheme, host and port, such as `https://api.example.com`; the default port is left out.
    package var origin: String {
        let suffix = port == scheme.defaultPort ? "" : ":\(port)"
        return scheme.rawValue + "://" + host + suffix
    }

    /// The whole URL.
    package var text: String {
        origin + target.path + (target.query.map { "?" + $0 } ?? "")
    }

    /// Whether scheme, host and port are those of the other URL (RFC 9110, section 4.3.1).
    package func hasSameOrigin(as other: HTTPURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// The URL with segments after its path, each percent-encoded whole, and without its query.
    ///
    /// A segment is data: a slash in it is encoded. Nil for an empty segment, `.` and `..`, which
    /// a server or proxy would take for a step to another path.
    package func appending(_ segments: String...) -> HTTPURL? {
        var path = target.path
        while path.utf8.last == 0x2F { path.removeLast() }
        for segment in segments {
            guard !segment.isEmpty, segment != ".", segment != ".." else { return nil }
            path += "/" + percentEncoded(segment)
        }
        var url = self
        url.target = HTTPTarget(path: path.isEmpty ? "/" : path, query: nil)
        return url
    }

    /// The URL with that query, of form-encoded names and values; an empty list removes it.
    package func withQuery(_ items: [(name: String, value: String)]) -> HTTPURL {
        var url = self
        url.target = HTTPTarget(
            path: target.path,
            query: items.isEmpty ? nil : formEncoded(items)
        )
        return url
    }
}
