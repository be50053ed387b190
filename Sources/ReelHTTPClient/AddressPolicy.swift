internal import ReelHTTP

/// Decides by the address itself whether a request may reach it.
///
/// It is asked after the look-up, for each address that a connection is about to be made to and
/// once more for a connection that is used again: a check of the URL's text would be passed by
/// `127.1`, by a name that resolves to a private address, or by one that does so the second time.
struct AddressPolicy: Sendable {
    private enum Rule {
        case any
        case publicAnd([NetworkBlock])
    }

    private let rule: Rule

    /// Reads a policy; a network that cannot be read allows nothing.
    init(_ policy: DestinationPolicy) {
        switch policy {
        case .any: rule = .any
        case .publicAnd(let networks):
            rule = .publicAnd(networks.compactMap { NetworkBlock($0) })
        }
    }

    /// Whether a proxy may make the connection instead, where no address can be checked.
    var allowsProxy: Bool {
        switch rule {
        case .any: true
        case .publicAnd: false
        }
    }

    /// Whether the address may be connected to; nil is one that could not be read.
    func allows(_ address: IPAddress?) -> Bool {
        switch rule {
        case .any:
            true
        case .publicAnd(let networks):
            address.map { address in
                address.isPublic || networks.contains { $0.contains(address) }
            } ?? false
        }
    }
}
