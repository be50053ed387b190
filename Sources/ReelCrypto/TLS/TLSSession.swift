internal import CReelOpenSSL

/// One session of TLS without I/O: bytes of the wire in, bytes of the wire and plain bytes out.
///
/// Bytes that are to go to the peer are appended to the array that each call is given, also when
/// the call fails: then they are an alert. It keeps at most a record that has come in part.
/// One thread uses it at a time.
// SAFETY: `ssl` is made in `init`, used by one thread at a time and freed in `deinit`, and with it
// the BIO that refers to `wire`.
@safe
package final class TLSSession {
    private let ssl: OpaquePointer
    private let wire = TLSWire()
    /// Held for the functions that OpenSSL calls.
    private let context: TLSContext
    private var handshakeByteCount = 0
    private var failure: TLSError?

    /// Whether the handshake is done.
    package private(set) var isEstablished = false
    /// Whether the peer has said that it sends no more.
    package private(set) var isClosedByPeer = false

    /// What the peer may send before the handshake is done; a ClientHello is a few hundred bytes,
    /// a chain of certificates a few thousand.
    private static let handshakeByteCountMax = 64 << 10

    /// What a reading call came to.
    package struct Progress: Hashable, Sendable {
        /// How many bytes of the wire were used up; the rest is to be given again.
        package var consumed = 0
        /// How many plain bytes were put at the buffer's start.
        package var produced = 0
    }

    /// Begins the server's side of a session.
    package init(serving context: TLSContext) {
        precondition(context.role == .server, "a client's context serves nobody")
        guard let ssl = unsafe SSL_new(context.pointer) else {
            preconditionFailure("no memory for a session")
        }
        unsafe self.ssl = ssl
        self.context = context
        attachWire()
        unsafe SSL_set_accept_state(ssl)
    }

    /// Begins the client's side of a session with a host, perhaps one that goes on.
    package init(
        with context: TLSContext,
        host: String,
        protocols: [String] = ["http/1.1"],
        resuming resumption: TLSResumption? = nil
    ) {
        precondition(context.role == .client, "a server's context asks nobody")
        guard let ssl = unsafe SSL_new(context.pointer) else {
            preconditionFailure("no memory for a session")
        }
        unsafe self.ssl = ssl
        self.context = context
        attachWire()
        unsafe SSL_set_connect_state(ssl)
        _ = unsafe creelopenssl_set_server_name(ssl, host)
        _ = unsafe SSL_set1_host(ssl, host)
        let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { _ = unsafe SSL_set_alpn_protos(ssl, list, UInt32(list.count)) }
        if let resumption { _ = unsafe SSL_set_session(ssl, resumption.pointer) }
    }

    deinit {
        unsafe SSL_free(ssl)
    }

    private func attachWire() {
        let bio = unsafe wire.makeBIO()
        unsafe SSL_set_bio(ssl, bio, bio)
    }

    /// Takes the handshake as far as the bytes reach; `isEstablished` says whether it is done.
    ///
    /// A client begins it with no bytes.
    ///
    /// - Returns: How many bytes were used up.
    /// - Throws: Why there is no session; the alert for the peer is in `output`.
    package func handshake(
        _ input: Span<UInt8>,
        output: inout [UInt8]
    ) throws(TLSError) -> Int {
        if let failure { throw failure }
        try checkFirstByte(input)
        var status: Int32 = 0
        let consumed = run(input, &output) { status = unsafe SSL_do_handshake(ssl) }
        handshakeByteCount += consumed
        if status == 1 {
            isEstablished = true
        } else {
            try check(status)
            guard handshakeByteCount <= Self.handshakeByteCountMax else {
                throw fail(.handshakeTooLarge)
            }
        }
        return consumed
    }

    /// Decrypts into the buffer until it is full or the bytes are used up.
    ///
    /// - Throws: When a record is damaged or the peer has sent an alert.
    package func read(
        _ input: Span<UInt8>,
        into buffer: inout [UInt8],
        output: inout [UInt8]
    ) throws(TLSError) -> Progress {
        if let failure { throw failure }
        guard isEstablished else { throw .ended }
        var progress = Progress()
        var status: Int32 = 1
        progress.consumed = run(input, &output) {
            unsafe buffer.withUnsafeMutableBytes { target in
                while progress.produced < target.count {
                    var count = 0
                    status = unsafe SSL_read_ex(
                        ssl,
                        target.baseAddress.map { unsafe $0 + progress.produced },
                        target.count - progress.produced,
                        &count
                    )
                    guard status == 1 else { return }
                    progress.produced += count
                }
            }
        }
        if status != 1 {
            do {
                try check(status)
            } catch  where progress.produced > 0 {
                // What came whole before the fault is the caller's; the next call tells of it.
                return progress
            }
        }
        return progress
    }

    /// Whether `read` has something to say without more bytes of the wire: plain bytes that the
    /// last buffer had no room for, or the fault that came after them.
    package var hasMore: Bool { unsafe failure != nil || SSL_pending(ssl) > 0 }

    /// Encrypts bytes, in records of at most 16 KiB.
    ///
    /// - Throws: When the session has no handshake behind it, or has failed.
    package func write(_ bytes: Span<UInt8>, output: inout [UInt8]) throws(TLSError) {
        if let failure { throw failure }
        guard isEstablished else { throw .ended }
        guard !bytes.isEmpty else { return }
        var status: Int32 = 1
        _ = run(Span(), &output) {
            unsafe bytes.withUnsafeBufferPointer { source in
                var written = 0
                status = unsafe SSL_write_ex(ssl, source.baseAddress, source.count, &written)
            }
        }
        guard status == 1 else {
            try check(status)
            throw fail(.ended)
        }
    }

    /// Says that no more is written (RFC 8446, section 6.1); legal twice, and at any time.
    package func close(output: inout [UInt8]) {
        guard isEstablished, failure == nil else { return }
        _ = run(Span(), &output) { unsafe SSL_shutdown(ssl) }
        ERR_clear_error()
    }

    /// Whether an earlier session goes on in this one.
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The version that was agreed on.
    package var version: TLSVersion {
        unsafe SSL_version(ssl) >= TLS1_3_VERSION ? .tls13 : .tls12
    }

    /// The cipher suite that was agreed on, by its name in the standards.
    package var suite: String {
        guard let cipher = unsafe SSL_get_current_cipher(ssl),
            let name = unsafe SSL_CIPHER_standard_name(cipher)
        else { return "" }
        return unsafe String(cString: name)
    }

    /// The application protocol that was agreed on; nil when the client named none.
    package var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name = unsafe name else { return nil }
        let bytes = unsafe UnsafeBufferPointer(start: name, count: Int(count))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// What a client resumes the session with; nil as long as no ticket has come.
    package var resumption: TLSResumption? {
        guard let session = unsafe SSL_get1_session(ssl) else { return nil }
        let resumption = unsafe TLSResumption(owning: session)
        return resumption.isResumable ? resumption : nil
    }

    /// A client's first byte is that of a handshake record (RFC 8446, section 5.1).
    private func checkFirstByte(_ input: Span<UInt8>) throws(TLSError) {
        guard context.role == .server, handshakeByteCount == 0, !input.isEmpty, input[0] != 0x16
        else { return }
        let isLetter = (0x41...0x5A).contains(input[0]) || (0x61...0x7A).contains(input[0])
        throw fail(isLetter ? .plainHTTP : .notTLS)
    }

    private func run(
        _ input: Span<UInt8>,
        _ output: inout [UInt8],
        _ body: () -> Void
    ) -> Int {
        swap(&wire.output, &output)
        ERR_clear_error()
        let consumed = wire.lend(input, body)
        swap(&wire.output, &output)
        return consumed
    }

    /// Passes when OpenSSL only wants more bytes, or the peer has closed.
    private func check(_ status: Int32) throws(TLSError) {
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_NONE, SSL_ERROR_WANT_READ: return
        case SSL_ERROR_ZERO_RETURN: isClosedByPeer = true
        default: throw fail(.takeFromQueue())
        }
    }

    private func fail(_ error: TLSError) -> TLSError {
        failure = error
        return error
    }
}
