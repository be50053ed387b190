internal import CReelOpenSSL

/// One certificate, as OpenSSL holds it.
// SAFETY: only read once it is made; counted by OpenSSL with atomics, freed in `deinit`.
@safe
final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe X509_free(pointer)
    }

    /// Reads all certificates of a PEM text, in their order.
    ///
    /// - Throws: When there is none, one is damaged, or there are too many.
    static func all(pem: [UInt8], countMax: Int) throws(TLSError) -> [Certificate] {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw .certificateMalformed }
        defer { unsafe BIO_free(bio) }
        unsafe pem.withUnsafeBytes { bytes in
            _ = unsafe BIO_write(bio, bytes.baseAddress, Int32(clamping: bytes.count))
        }
        var all: [Certificate] = []
        while let pointer = unsafe PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil) {
            unsafe all.append(Certificate(owning: pointer))
            guard all.count <= countMax else { throw .chainTooLong }
        }
        let reason = creelopenssl_reason(ERR_get_error())
        ERR_clear_error()
        guard reason == PEM_R_NO_START_LINE else { throw .certificateMalformed }
        guard !all.isEmpty else { throw .certificateMissing }
        return all
    }
}
