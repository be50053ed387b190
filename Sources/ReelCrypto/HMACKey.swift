internal import CReelOpenSSL

/// A key for HMAC-SHA-256, prepared once and shared by every message (RFC 2104, section 4).
///
/// The key's bytes live in OpenSSL's memory alone, which is wiped when the key goes. What the
/// caller held them in is the caller's to wipe: see `wipe(_:)`.
// SAFETY: the context is keyed in `init` and from then on only read: EVP_MAC_CTX_dup(3) takes it as
// const, and what the copies share with it is counted with atomics.
@safe
package final class HMACKey: @unchecked Sendable {
    let context: OpaquePointer

    /// Prepares a key of any length; protocols say how long theirs must be.
    package init(_ key: [UInt8]) {
        guard let context = unsafe EVP_MAC_CTX_new(Algorithms.shared.hmac) else {
            preconditionFailure("no memory for a key")
        }
        unsafe self.context = context
        // An empty array may have no address, and OpenSSL reads a null key as "the one before".
        let bytes = key.isEmpty ? [0] : key
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int32(0) }
            return unsafe creelopenssl_hmac_sha256_init(context, base, key.count)
        }
        precondition(status == 1, "OpenSSL refused a key")
    }

    deinit {
        unsafe EVP_MAC_CTX_free(context)
    }
}

extension HMACKey: CustomReflectable {
    /// Shows nothing, so that a dump of whatever holds a key has no key in it.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
