package import ReelHTTP

/// Who counts as the client of a request that may have come through proxies.
package struct ClientAddress: Sendable, Hashable {
    /// The one place that is believed, and only from a trusted proxy.
    package enum Source: String, Sendable, Hashable, CaseIterable {
        /// Whoever has connected.
        case connection
        /// The field `X-Forwarded-For`.
        case xForwardedFor = "x_forwarded_for"
        /// The field `Forwarded` (RFC 7239).
        case forwarded
        /// The PROXY header before the first byte of a connection.
        case proxyProtocol = "proxy_protocol"
    }

    package var source = Source.connection
    package var trustedProxies: [NetworkBlock] = []

    package init() {}

    /// Whether a connection of that peer begins with a PROXY header.
    func expectsHeader(from peer: HTTPPeer) -> Bool {
        source == .proxyProtocol && isTrusted(peer)
    }

    /// Whether the peer speaks for clients that only its requests tell.
    func isShared(_ peer: HTTPPeer) -> Bool {
        switch source {
        case .connection, .proxyProtocol: false
        case .xForwardedFor, .forwarded: isTrusted(peer)
        }
    }

    /// Goes back over the proxies that are trusted, from the nearest to the first that is not.
    ///
    /// What that one, or the client itself, has written is not looked at. An entry that is no
    /// address ends the way at the proxy that wrote it.
    func client(of fields: HTTPFields, from peer: HTTPPeer) -> HTTPPeer {
        guard isShared(peer) else { return peer }
        var client = peer
        let name = source == .forwarded ? "Forwarded" : "X-Forwarded-For"
        for value in fields.values(name).reversed() {
            guard let entries = elements(of: value) else { return client }
            for entry in entries.reversed() {
                guard let hop = hop(entry) else { return client }
                client = hop
                guard isTrusted(client) else { return client }
            }
        }
        return client
    }

    private func isTrusted(_ peer: HTTPPeer) -> Bool {
        guard let address = peer.ipAddress else { return false }
        return trustedProxies.contains { $0.contains(address) }
    }

    /// The elements of a list; nil where a quoted string has no end.
    private func elements(of value: String) -> [Substring]? {
        guard source == .forwarded else {
            return value.split(separator: ",", omittingEmptySubsequences: false)
        }
        return Self.split(value[...], at: ",")
    }

    private func hop(_ entry: Substring) -> HTTPPeer? {
        guard source == .forwarded else { return Self.node(Self.trimmed(entry)) }
        guard let pairs = Self.split(entry, at: ";") else { return nil }
        var found: HTTPPeer?
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, Self.trimmed(parts[0]).lowercased() == "for" else { continue }
            guard found == nil else { return nil }
            var text = Self.trimmed(parts[1])
            if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count >= 2 {
                text = text.dropFirst().dropLast()
            }
            guard let node = Self.node(text) else { return nil }
            found = node
        }
        return found
    }

    /// An address, an address with a port, or one in brackets with or without.
    private static func node(_ text: Substring) -> HTTPPeer? {
        // No address with its port is longer; inet_pton(3) is not to be asked about a kilobyte.
        guard (2...53).contains(text.utf8.count) else { return nil }
        if let address = IPAddress(String(text)) { return .network(address, port: 0) }
        let host: Substring
        let rest: Substring
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":") else { return nil }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<colon]
            rest = text[colon...]
        }
        guard let address = IPAddress(String(host)) else { return nil }
        guard !rest.isEmpty else { return .network(address, port: 0) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        return .network(address, port: port)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { start[...$0] } ?? ""
    }

    /// Cuts at a mark that stands outside quoted strings; nil where one has no end.
    private static func split(_ text: Substring, at mark: Character) -> [Substring]? {
        var parts: [Substring] = []
        var start = text.startIndex
        var (isQuoted, isEscaped) = (false, false)
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == mark, !isQuoted {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        guard !isQuoted else { return nil }
        return parts + [text[start...]]
    }
}
