internal import ReelHTTP

/// Where a `Location` field leads (RFC 9110, section 10.2.2; RFC 3986, section 5).
enum RedirectTarget {
    /// The absolute URL that the reference stands for; nil when it is none that may be followed.
    ///
    /// A fragment is dropped. A relative path is resolved against the path of the request; dot
    /// segments are left for the server, which is what a client that resolves nothing would send.
    static func resolve(_ location: String, from base: HTTPURL) -> HTTPURL? {
        let reference = String(location.prefix { $0 != "#" })
        guard !reference.isEmpty else { return nil }
        if hasScheme(reference) { return HTTPURL(reference) }
        if reference.hasPrefix("//") { return HTTPURL(base.scheme.rawValue + ":" + reference) }
        if reference.hasPrefix("/") { return HTTPURL(base.origin + reference) }
        if reference.hasPrefix("?") { return HTTPURL(base.origin + base.target.path + reference) }
        let folder = base.target.path.lastIndex(of: "/").map { base.target.path[...$0] } ?? "/"
        return HTTPURL(base.origin + folder + reference)
    }

    /// Whether the reference begins with a scheme: a colon before any slash or question mark.
    private static func hasScheme(_ reference: String) -> Bool {
        reference.first { ":/?".contains($0) } == ":"
    }
}
