/// A network in CIDR notation (RFC 4632, RFC 4291), such as `10.0.0.0/8` or `fd00::/8`.
package struct NetworkBlock: Hashable, Sendable {
    package let address: IPAddress
    /// From 0 to 32 or 128.
    package let prefixLength: Int

    /// A block of which the length is known to fit the address.
    init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// Reads a block, or a lone address as the block of itself; nil for anything else.
    ///
    /// Bits after the prefix are ignored.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        let isMapped = parts[0].contains(":") && address.isIPv4
        let width = isMapped || !address.isIPv4 ? 128 : 32
        var length = width
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...3).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
                let given = Int(parts[1]), given <= width
            else { return nil }
            length = given
        }
        if isMapped {
            guard length >= 96 else { return nil }
            length -= 96
        }
        self.init(address: address, prefixLength: length)
    }

    package func contains(_ other: IPAddress) -> Bool {
        switch (address, other) {
        case (.v4(let network), .v4(let address)):
            // Swift's shift by the whole width gives 0, which is right for the prefix 0.
            (network ^ address) & (UInt32.max << (32 - prefixLength)) == 0
        case (.v6(let networkHigh, let networkLow), .v6(let high, let low)):
            (networkHigh ^ high) & (UInt64.max << max(0, 64 - prefixLength)) == 0
                && (networkLow ^ low) & (UInt64.max << min(64, 128 - prefixLength)) == 0
        case (.v4, .v6), (.v6, .v4):
            false
        }
    }
}

extension IPAddress {
    var isIPv4: Bool {
        switch self {
        case .v4: true
        case .v6: false
        }
    }
}
