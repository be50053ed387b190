internal import Glibc

/// An IPv4 or IPv6 address, without a port or a zone.
///
/// A v4-mapped address (`::ffff:a.b.c.d`) is read as the IPv4 address that it reaches, so that no
/// rule about IPv4 can be passed by writing the address in another way.
package enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Reads the strict text forms of inet_pton(3): four decimal parts, or RFC 4291, section 2.2.
    package init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(networkBytes: Array(bytes[..<4]))
        } else if unsafe inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(networkBytes: bytes)
        } else {
            return nil
        }
    }

    /// Takes the 4 or 16 bytes of an address in network order; nil for any other count.
    package init?(networkBytes bytes: [UInt8]) {
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes.count {
        case 4:
            self = .v4(UInt32(number(0..<4)))
        case 16 where number(0..<8) == 0 && number(8..<12) == 0xFFFF:
            self = .v4(UInt32(number(12..<16)))
        case 16:
            self = .v6(high: number(0..<8), low: number(8..<16))
        default:
            return nil
        }
    }

    /// Four decimal parts, or the short form of RFC 5952.
    package var description: String {
        switch self {
        case .v4(let address):
            return (0..<4).map { String(address >> (24 - 8 * $0) & 255) }.joined(separator: ".")
        case .v6(let high, let low):
            var address = in6_addr()
            unsafe withUnsafeMutableBytes(of: &address) { bytes in
                unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let capacity = socklen_t(text.count)
            _ = unsafe inet_ntop(AF_INET6, &address, &text, capacity)
            let used = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return String(decoding: used, as: UTF8.self)
        }
    }

    /// Whether the address is one that the public Internet may route to.
    ///
    /// It is refused when the IANA special-purpose registries (RFC 6890 and its updates) give it
    /// to loopback, private networks, links, documentation, benchmarks, multicast or the future,
    /// or when it carries another address inside (6to4, Teredo, NAT64).
    package var isPublic: Bool {
        let blocks: [NetworkBlock]
        switch self {
        case .v4: blocks = Self.specialIPv4
        case .v6:
            guard Self.globalUnicast.contains(self) else { return false }
            blocks = Self.specialIPv6
        }
        return !blocks.contains { $0.contains(self) }
    }

    private static let specialIPv4: [NetworkBlock] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { NetworkBlock($0) }

    /// All else in IPv6 is loopback, unique-local, link-local, multicast, NAT64 or not assigned.
    private static let globalUnicast = NetworkBlock(
        address: .v6(high: 0x2000_0000_0000_0000, low: 0),
        prefixLength: 3
    )

    /// Protocol assignments with Teredo and ORCHID, documentation, 6to4, documentation again.
    private static let specialIPv6: [NetworkBlock] = [
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ].compactMap { NetworkBlock($0) }
}
