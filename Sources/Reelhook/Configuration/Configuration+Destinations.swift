internal import ReelHTTP
internal import ReelHTTPClient

extension Configuration {
    /// Which addresses requests that this URL leads to may reach: notifications to it, and where a
    /// provider at it redirects.
    ///
    /// A host that the operator named by its address, or as this machine, is meant, and no other
    /// address is; a name is held to public addresses and the networks allowed, since whoever
    /// answers for the name chooses the address.
    func destinations(for url: String) -> DestinationPolicy {
        // An IPv6 address stands in brackets (RFC 3986, section 3.2.2).
        let host = String((HTTPURL(url)?.host ?? "").filter { $0 != "[" && $0 != "]" })
        let named =
            host == "localhost"
            ? ["127.0.0.0/8", "::1"] : [host].filter { NetworkBlock($0) != nil }
        return .publicAnd(networks: allowedNetworks + named)
    }
}
