internal import ReelHTTP

/// A provider's base URL: absolute, `http` or `https`, and ending in `/v1` as OpenAI's SDKs want
/// it.
package struct ProviderBaseURL: Sendable, Hashable {
    /// Why a text is no base URL; the text itself is not repeated, since it may hold a password.
    package enum Fault: String, Error, Hashable, Sendable, CustomStringConvertible {
        case notAbsolute = "not_absolute"
        case query
        case noVersion = "no_version"

        package var description: String {
            switch self {
            case .notAbsolute:
                "the base URL is not an absolute http or https URL without a user and a fragment"
            case .query: "the base URL has a query"
            case .noVersion: "the base URL does not end in /v1"
            }
        }
    }

    let url: HTTPURL

    /// Reads a base URL; a slash after `/v1` is tolerated.
    package init(_ text: String) throws(Fault) {
        guard let url = HTTPURL(text) else { throw .notAbsolute }
        guard url.target.query == nil else { throw .query }
        var path = url.target.path[...]
        while path.last == "/" { path.removeLast() }
        guard path.hasSuffix("/v1") else { throw .noVersion }
        self.url = url
    }

    /// Scheme, host and port, for a log line or a diagnosis.
    package var origin: String { url.origin }
}
