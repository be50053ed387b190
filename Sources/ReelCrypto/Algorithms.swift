internal import CReelOpenSSL

/// The algorithms of OpenSSL's default provider, fetched once.
///
/// A fetch walks the providers under a lock, so doing it for every message would cost more than
/// the message (OSSL-GUIDE-LIBCRYPTO-INTRODUCTION(7), "Performance").
// SAFETY: a fetched algorithm is immutable and reference-counted with atomics (EVP_MAC_fetch(3),
// EVP_MD_fetch(3)); these two are never freed.
@safe
struct Algorithms: @unchecked Sendable {
    let hmac: OpaquePointer
    let sha256: OpaquePointer

    static let shared = Algorithms()

    private init() {
        guard let hmac = unsafe EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil),
            let sha256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
        else { preconditionFailure("OpenSSL has neither HMAC nor SHA-256") }
        unsafe self.hmac = hmac
        unsafe self.sha256 = sha256
    }
}
