internal import ReelHTTP

/// Whom a limit for each client counts as one: an IPv4 address, or the /64 of an IPv6 one.
///
/// A /64 is what one subscriber is given, so single addresses of it would cost nothing.
struct ClientKey: Hashable, Sendable {
    let number: UInt64

    init(_ address: IPAddress) {
        switch address {
        // No /64 of the Internet begins with 0000:ffff.
        case .v4(let bits): number = 0x0000_FFFF_0000_0000 | UInt64(bits)
        case .v6(let high, _): number = high
        }
    }
}
