internal import ReelHTTP
internal import ReelHTTPClient

extension Configuration {
    /// Which addresses requests that begin with this URL may reach.
    ///
    /// A host that the operator named by its address, or as this machine, is meant; a name is held
    /// to public addresses and the networks allowed, since whoever answers for the name chooses
    /// the address.
    func destinations(for url: String) -> DestinationPolicy {
        guard let host = HTTPURL(url)?.host else { return .publicAnd(networks: allowedNetworks) }
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        return isAddress || host == "localhost" ? .any : .publicAnd(networks: allowedNetworks)
    }
}
