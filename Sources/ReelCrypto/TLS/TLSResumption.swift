internal import CReelOpenSSL

/// What a client keeps of a session to go on with it later.
// SAFETY: only read once it is made; counted by OpenSSL with atomics, freed in `deinit`.
@safe
package final class TLSResumption: @unchecked Sendable {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe SSL_SESSION_free(pointer)
    }

    var isResumable: Bool { unsafe SSL_SESSION_is_resumable(pointer) == 1 }
}
