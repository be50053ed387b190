internal import CReelOpenSSL
package import ReelRuntime

/// The keys that session tickets are sealed with (RFC 5077, RFC 8446, section 4.6.1).
///
/// They outlive a change of the certificate, so that sessions are resumed across it. A key seals
/// for one period and opens for another; after that its tickets are worth nothing, also to one who
/// has recorded them and comes by the process's memory later.
package final class TLSTicketKeys: Sendable {
    /// How long a key seals; a ticket lives as long at most.
    package static let period = Duration.seconds(12 * 3600)

    /// What OpenSSL asks for: a name that the ticket carries, and two keys.
    struct Key {
        static let nameByteCount = 16
        let name: [UInt8]
        let cipherKey: [UInt8]
        let codeKey: [UInt8]

        init() {
            name = secureRandomBytes(Self.nameByteCount)
            cipherKey = secureRandomBytes(32)
            codeKey = secureRandomBytes(32)
        }
    }

    private struct State {
        var current: Key
        var previous: Key?
        var begun: Duration

        mutating func rotate(at now: Duration, _ period: Duration) {
            let age = now - begun
            guard age >= period else { return }
            previous = age >= period * 2 ? nil : current
            current = Key()
            begun = now
        }
    }

    private let state: Locked<State>
    private let time: any TimeSource

    package init(time: any TimeSource) {
        self.time = time
        state = Locked(State(current: Key(), begun: time.uptime()))
    }

    /// The key to seal a ticket with.
    func sealing() -> Key {
        let now = time.uptime()
        return state.withLock { state in
            state.rotate(at: now, Self.period)
            return state.current
        }
    }

    /// The key of a ticket, and whether it is the one before the current; nil when it is gone.
    func opening(_ name: Span<UInt8>) -> (key: Key, isOld: Bool)? {
        let now = time.uptime()
        let (current, previous) = state.withLock { state in
            state.rotate(at: now, Self.period)
            return (state.current, state.previous)
        }
        // The name is no secret: it stands in every ticket.
        if constantTimeEqual(name, current.name.span) { return (current, false) }
        if let previous, constantTimeEqual(name, previous.name.span) { return (previous, true) }
        return nil
    }
}

extension TLSTicketKeys {
    /// What OpenSSL calls for each ticket (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)): 1 to go on,
    /// 2 to go on and give out a new ticket, 0 for a full handshake, below 0 to fail.
    func prepare(
        name: UnsafeMutablePointer<UInt8>,
        vector: UnsafeMutablePointer<UInt8>,
        cipher: OpaquePointer,
        code: OpaquePointer,
        isSealing: Bool,
        isTLS13: Bool
    ) -> Int32 {
        guard isSealing else {
            // SAFETY: OpenSSL passes 16 bytes.
            let given = unsafe UnsafeBufferPointer(start: name, count: Key.nameByteCount)
            guard let (key, isOld) = unsafe opening(given.span) else { return 0 }
            guard unsafe Self.start(key, vector, cipher, code, isSealing: false) else { return -1 }
            // A ticket of TLS 1.3 is used once (RFC 8446, appendix C.4).
            return isOld || isTLS13 ? 2 : 1
        }
        let key = sealing()
        for (index, byte) in key.name.enumerated() { unsafe name[index] = byte }
        guard unsafe RAND_bytes(vector, 16) == 1 else { return -1 }
        return unsafe Self.start(key, vector, cipher, code, isSealing: true) ? 1 : -1
    }

    private static func start(
        _ key: Key,
        _ vector: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer,
        _ code: OpaquePointer,
        isSealing: Bool
    ) -> Bool {
        unsafe EVP_CipherInit_ex(
            cipher,
            EVP_aes_256_cbc(),
            nil,
            key.cipherKey,
            vector,
            isSealing ? 1 : 0
        ) == 1 && creelopenssl_hmac_sha256_init(code, key.codeKey, key.codeKey.count) == 1
    }
}
