internal import CReelOpenSSL

/// What the sessions of one certificate share.
///
/// Sessions keep the context that they began with, so another can take its place at any time.
// SAFETY: configured in `init` alone; SSL_new(3) may be called from several threads, since what it
// counts up is an atomic. Freed in `deinit`, with sessions counting for themselves.
@safe
package final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    let role: Role
    /// Held here for the function that OpenSSL calls, which is given its bare address.
    private let ticketKeys: TLSTicketKeys?

    enum Role { case server, client }

    /// Suites with forward secrecy and authenticated encryption; those of TLS 1.3 are all such.
    private static let suites =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let groups = "X25519:P-256:P-384"

    /// Makes the context of a server.
    ///
    /// - Throws: `keyTooWeak`, or `unsupported` when OpenSSL lacks what is needed.
    package init(
        serving identity: TLSIdentity,
        oldestVersion: TLSVersion = .tls12,
        ticketKeys: TLSTicketKeys
    ) throws(TLSError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw .unsupported }
        unsafe pointer = context
        role = .server
        self.ticketKeys = ticketKeys
        try configure(oldestVersion)
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate(context, identity.certificate.pointer) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, identity.key) == 1
        else { throw .takeFromQueue() }
        for certificate in identity.chain {
            let status = unsafe creelopenssl_add_chain_certificate(context, certificate.pointer)
            guard status == 1 else { throw .takeFromQueue() }
        }
        setTickets(ticketKeys)
        unsafe SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, length, list, count, _ in
                unsafe TLSContext.chooseHTTP11(chosen, length, list, count)
            },
            nil
        )
    }

    /// Makes the context of a client that trusts the authorities given and no other.
    ///
    /// - Throws: When there is no authority in the PEM text.
    package init(
        trusting authorityPEM: [UInt8],
        oldestVersion: TLSVersion = .tls12,
        newestVersion: TLSVersion = .tls13
    ) throws(TLSError) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw .unsupported }
        unsafe pointer = context
        role = .client
        ticketKeys = nil
        try configure(oldestVersion)
        guard unsafe creelopenssl_set_newest_version(context, newestVersion.number) == 1 else {
            throw .unsupported
        }
        let authorities = try Certificate.all(pem: authorityPEM, countMax: 256)
        let store = unsafe SSL_CTX_get_cert_store(context)
        for certificate in authorities {
            guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1 else {
                throw .takeFromQueue()
            }
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    private func configure(_ oldestVersion: TLSVersion) throws(TLSError) {
        unsafe SSL_CTX_set_options(pointer, creelopenssl_strict_options())
        // Without its record buffers an idle session is 32 KiB smaller.
        unsafe creelopenssl_set_mode(
            pointer,
            UInt32(SSL_MODE_RELEASE_BUFFERS) | UInt32(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        )
        // Tickets are kept by the client: the server's memory does not grow with its visitors.
        unsafe creelopenssl_set_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        guard unsafe creelopenssl_set_oldest_version(pointer, oldestVersion.number) == 1,
            unsafe SSL_CTX_set_cipher_list(pointer, Self.suites) == 1,
            unsafe creelopenssl_set_groups(pointer, Self.groups) == 1
        else {
            ERR_clear_error()
            throw .unsupported
        }
    }

    private func setTickets(_ keys: TLSTicketKeys) {
        // SAFETY: the keys live as long as this object, and every session holds it.
        unsafe SSL_CTX_set_ex_data(pointer, 0, Unmanaged.passUnretained(keys).toOpaque())
        unsafe SSL_CTX_set_num_tickets(pointer, 1)
        unsafe SSL_CTX_set_timeout(pointer, Int(TLSTicketKeys.period.components.seconds))
        unsafe SSL_CTX_set_session_id_context(pointer, [1], 1)
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(pointer) {
            ssl,
            name,
            vector,
            cipher,
            code,
            isSealing in
            guard let ssl = unsafe ssl, let name = unsafe name, let vector = unsafe vector,
                let cipher = unsafe cipher, let code = unsafe code,
                let context = unsafe SSL_get_SSL_CTX(ssl),
                let data = unsafe SSL_CTX_get_ex_data(context, 0)
            else { return -1 }
            let keys = unsafe Unmanaged<TLSTicketKeys>.fromOpaque(data).takeUnretainedValue()
            return unsafe keys.prepare(
                name: name,
                vector: vector,
                cipher: cipher,
                code: code,
                isSealing: isSealing == 1,
                isTLS13: SSL_version(ssl) >= TLS1_3_VERSION
            )
        }
    }

    /// Chooses `http/1.1` from the client's list, or ends the handshake (RFC 7301, section 3.2).
    private static func chooseHTTP11(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ length: UnsafeMutablePointer<UInt8>?,
        _ list: UnsafePointer<UInt8>?,
        _ count: UInt32
    ) -> Int32 {
        // SAFETY: OpenSSL has checked that the list consists of lengths and as many bytes each.
        let wanted = Array("http/1.1".utf8)
        var offered = unsafe UnsafeBufferPointer(start: list, count: Int(count))[...]
        while let size = unsafe offered.popFirst() {
            let name = unsafe offered.prefix(Int(size))
            if unsafe name.elementsEqual(wanted) {
                unsafe chosen?.pointee = list.map { unsafe $0 + name.startIndex }
                unsafe length?.pointee = size
                return SSL_TLSEXT_ERR_OK
            }
            unsafe offered = offered.dropFirst(Int(size))
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
}
