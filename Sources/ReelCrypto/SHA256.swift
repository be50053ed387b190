internal import CReelOpenSSL

/// One SHA-256 digest in the making (FIPS 180-4).
@safe
package struct SHA256: ~Copyable {
    /// How many bytes a digest has.
    package static let byteCount = 32

    // SAFETY: owned by this value alone, which cannot be copied; freed in `deinit`.
    private let context: OpaquePointer

    package init() {
        guard let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("no memory for a digest")
        }
        unsafe self.context = context
        let status = unsafe EVP_DigestInit_ex2(context, Algorithms.shared.sha256, nil)
        precondition(status == 1, "OpenSSL could not begin a digest")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds the next bytes.
    package mutating func update(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        let status = unsafe bytes.withUnsafeBufferPointer {
            unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        precondition(status == 1, "OpenSSL could not read what is digested")
    }

    /// Ends the digest, without allocating.
    package consuming func digest() -> [32 of UInt8] {
        var digest = [32 of UInt8](repeating: 0)
        var span = digest.mutableSpan
        var written: UInt32 = 0
        let status = unsafe span.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress, &written)
        }
        precondition(status == 1 && written == 32, "OpenSSL could not end a digest")
        return digest
    }

    /// Ends the digest as 32 bytes.
    package consuming func finish() -> [UInt8] {
        bytes(of: digest())
    }
}

extension SHA256 {
    /// The digest of bytes that are all there.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes.span)
        return digest.finish()
    }
}

/// A digest as an array, for whoever keeps it.
func bytes(of digest: [32 of UInt8]) -> [UInt8] {
    [UInt8](capacity: digest.count) { output in
        for index in digest.indices { output.append(digest[index]) }
    }
}
