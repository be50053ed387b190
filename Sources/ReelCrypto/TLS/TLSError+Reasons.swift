internal import CReelOpenSSL

extension TLSError {
    /// What the first error in the thread's queue says; the queue is empty afterwards.
    static func takeFromQueue() -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        return TLSError(reason: creelopenssl_reason(code))
    }

    /// The case for a reason of OpenSSL's SSL library.
    init(reason: Int32) {
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: self = .plainHTTP
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
            SSL_R_WRONG_VERSION_NUMBER, SSL_R_WRONG_SSL_VERSION, SSL_R_UNKNOWN_PROTOCOL:
            self = .noSharedVersion
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SHARED_GROUPS,
            SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
            SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
            self = .noSharedCipher
        case SSL_R_NO_APPLICATION_PROTOCOL: self = .noSharedProtocol
        case SSL_R_CERTIFICATE_VERIFY_FAILED: self = .certificateRefused
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_BAD_RECORD_TYPE,
            SSL_R_DECRYPTION_FAILED:
            self = .damagedRecord
        case SSL_R_EE_KEY_TOO_SMALL, SSL_R_CA_KEY_TOO_SMALL, SSL_R_CA_MD_TOO_WEAK,
            SSL_R_DH_KEY_TOO_SMALL:
            self = .keyTooWeak
        case SSL_AD_REASON_OFFSET..<(SSL_AD_REASON_OFFSET + 256):
            self = .alert(UInt8(reason - SSL_AD_REASON_OFFSET))
        default: self = .violation(reason)
        }
    }
}
