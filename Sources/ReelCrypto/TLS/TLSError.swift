/// Why a certificate cannot be used, or why a session came to an end.
///
/// No case carries a byte of a key, of a certificate or of what the peer sent.
package enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    // Certificate and key.

    /// There is no certificate in PEM form.
    case certificateMissing
    /// A certificate is damaged.
    case certificateMalformed
    /// More certificates than a chain has.
    case chainTooLong
    /// There is no private key in PEM form, or it is damaged.
    case keyMalformed
    /// The key asks for a passphrase, which nobody is there to type.
    case keyEncrypted
    /// The key is not that of the first certificate.
    case keyMismatch
    /// The key or a signature is too weak for OpenSSL's security level.
    case keyTooWeak
    /// The first certificate is no longer valid.
    case certificateExpired
    /// The first certificate is not valid yet.
    case certificateNotYetValid
    /// OpenSSL refused settings that do not depend on the certificate.
    case unsupported

    // A session.

    /// The first bytes are a request in plain HTTP.
    case plainHTTP
    /// The first bytes are no TLS.
    case notTLS
    /// No version that both speak.
    case noSharedVersion
    /// No cipher suite, group or signature algorithm that both know.
    case noSharedCipher
    /// The client's list of protocols has none that is served (RFC 7301).
    case noSharedProtocol
    /// The handshake took more bytes than any honest one does.
    case handshakeTooLarge
    /// The peer's certificate is not trusted or names another host.
    case certificateRefused
    /// A record does not decrypt: it was changed on the way, or is garbage.
    case damagedRecord
    /// Record after record had no content, as changes of keys have none.
    case contentMissing
    /// The peer ended the session with an alert (RFC 8446, section 6.2).
    case alert(UInt8)
    /// Something else that the protocol does not allow, by OpenSSL's number.
    case violation(Int32)
    /// It was used after its end.
    case ended

    /// A sentence that is safe to log.
    package var description: String {
        switch self {
        case .certificateMissing: "there is no certificate in PEM form in it"
        case .certificateMalformed: "a certificate in it is damaged"
        case .chainTooLong: "it holds more certificates than a chain has"
        case .keyMalformed: "there is no readable private key in PEM form in it"
        case .keyEncrypted: "the key is encrypted; store it without a passphrase"
        case .keyMismatch: "the key does not belong to the certificate"
        case .keyTooWeak: "the key or a signature is too weak; use RSA of 2048 bits, or P-256"
        case .certificateExpired: "the certificate has expired"
        case .certificateNotYetValid: "the certificate is not valid yet"
        case .unsupported: "OpenSSL does not support what is needed"
        case .plainHTTP: "the client speaks plain HTTP"
        case .notTLS: "the client does not speak TLS"
        case .noSharedVersion: "no shared version"
        case .noSharedCipher: "no shared cipher suite"
        case .noSharedProtocol: "no shared application protocol"
        case .handshakeTooLarge: "the handshake is too large"
        case .certificateRefused: "the certificate is not trusted"
        case .damagedRecord: "a record is damaged"
        case .contentMissing: "too many records without content"
        case .alert(let number): "the peer sent alert \(number)"
        case .violation(let number): "the peer broke the protocol (OpenSSL reason \(number))"
        case .ended: "the session has ended"
        }
    }

    /// A fixed word for metrics.
    package var code: String {
        switch self {
        case .certificateMissing: "certificate_missing"
        case .certificateMalformed: "certificate_malformed"
        case .chainTooLong: "chain_too_long"
        case .keyMalformed: "key_malformed"
        case .keyEncrypted: "key_encrypted"
        case .keyMismatch: "key_mismatch"
        case .keyTooWeak: "key_too_weak"
        case .certificateExpired: "certificate_expired"
        case .certificateNotYetValid: "certificate_not_yet_valid"
        case .unsupported: "unsupported"
        case .plainHTTP: "plain_http"
        case .notTLS: "not_tls"
        case .noSharedVersion: "no_shared_version"
        case .noSharedCipher: "no_shared_cipher"
        case .noSharedProtocol: "no_shared_protocol"
        case .handshakeTooLarge: "handshake_too_large"
        case .certificateRefused: "certificate_refused"
        case .damagedRecord: "damaged_record"
        case .contentMissing: "content_missing"
        case .alert: "alert"
        case .violation: "violation"
        case .ended: "ended"
        }
    }
}
