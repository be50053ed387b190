internal import CReelOpenSSL

/// One message authentication code in the making: HMAC with SHA-256 (RFC 2104, FIPS 198-1).
@safe
package struct HMACSHA256: ~Copyable {
    /// How many bytes a code has.
    package static let byteCount = 32

    // SAFETY: owned by this value alone, which cannot be copied; freed in `deinit`.
    private let context: OpaquePointer

    /// Begins a message under a key; costs a copy of the keyed state, not a key schedule.
    package init(_ key: HMACKey) {
        guard let context = unsafe EVP_MAC_CTX_dup(key.context) else {
            preconditionFailure("no memory for a message authentication code")
        }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MAC_CTX_free(context)
    }

    /// Adds the next bytes of the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        let status = unsafe bytes.withUnsafeBufferPointer {
            unsafe EVP_MAC_update(context, $0.baseAddress, $0.count)
        }
        precondition(status == 1, "OpenSSL could not read a message")
    }

    /// Ends the message with its code, without allocating.
    package consuming func digest() -> [32 of UInt8] {
        var code = [32 of UInt8](repeating: 0)
        var span = code.mutableSpan
        var written = 0
        let status = unsafe span.withUnsafeMutableBufferPointer {
            unsafe EVP_MAC_final(context, $0.baseAddress, &written, $0.count)
        }
        precondition(status == 1 && written == Self.byteCount, "OpenSSL could not end a message")
        return code
    }

    /// Ends the message with its code of 32 bytes.
    package consuming func finish() -> [UInt8] {
        bytes(of: digest())
    }
}
