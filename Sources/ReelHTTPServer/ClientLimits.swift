internal import ReelHTTP
internal import ReelRuntime
internal import ReelSystem

/// What a server holds each of its clients to, and who they are.
struct ClientLimits: Sendable {
    let address: ClientAddress
    /// What a request too many is answered.
    let refusal: HTTPResponse
    private let exempt: [NetworkBlock]
    private let limiter: Locked<RateLimiter>?

    init(_ configuration: HTTPServerConfiguration) {
        address = configuration.clientAddress
        exempt = configuration.exemptNetworks
        var refusal = HTTPResponse.text(.tooManyRequests, "Too many requests\n")
        // A token is back by then: less than a second, as the rate is at least one.
        refusal.fields.set("Retry-After", "1")
        self.refusal = refusal
        limiter = configuration.rateLimit.map { Locked(RateLimiter($0, now: .now())) }
    }

    /// Whose connection it is; nil for one that is not counted.
    func connectionKey(_ peer: HTTPPeer) -> ClientKey? {
        address.isShared(peer) ? nil : key(peer)
    }

    /// Takes one of the client's requests; false when it has made too many.
    func allows(_ client: HTTPPeer, at now: Deadline) -> Bool {
        guard let limiter, let key = key(client) else { return true }
        return limiter.withLock { $0.allows(key, at: now) }
    }

    private func key(_ client: HTTPPeer) -> ClientKey? {
        guard let address = client.ipAddress, !exempt.contains(where: { $0.contains(address) })
        else { return nil }
        return ClientKey(address)
    }
}
