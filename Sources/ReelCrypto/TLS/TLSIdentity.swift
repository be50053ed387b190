internal import CReelOpenSSL
package import ReelRuntime

/// A certificate, the chain above it and its private key, read from PEM and checked together.
// SAFETY: the key is made in `init`, only read from then on, counted with atomics
// (EVP_PKEY_up_ref(3)) and freed in `deinit`.
@safe
package final class TLSIdentity: @unchecked Sendable {
    let certificate: Certificate
    let chain: [Certificate]
    let key: OpaquePointer

    /// The moments between which the first certificate is valid.
    package let notBefore: Timestamp
    package let notAfter: Timestamp

    /// Certificates in a file beyond the first.
    private static let chainCountMax = 15

    /// Reads a certificate with its chain, the server's own first, and the key.
    ///
    /// - Throws: What is wrong with which, each in a case of its own; validity is another matter:
    ///   see `check(at:)`.
    package init(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(TLSError) {
        let all = try Certificate.all(pem: certificatePEM, countMax: Self.chainCountMax + 1)
        guard let first = all.first else { throw .certificateMissing }
        let key = try unsafe Self.readKey(keyPEM)
        guard unsafe X509_check_private_key(first.pointer, key) == 1 else {
            ERR_clear_error()
            unsafe EVP_PKEY_free(key)
            throw .keyMismatch
        }
        guard let from = unsafe Self.moment(X509_get0_notBefore(first.pointer)),
            let to = unsafe Self.moment(X509_get0_notAfter(first.pointer))
        else {
            unsafe EVP_PKEY_free(key)
            throw .certificateMalformed
        }
        (notBefore, notAfter) = (from, to)
        unsafe self.key = key
        certificate = first
        chain = Array(all.dropFirst())
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Whether the first certificate is valid at a moment.
    ///
    /// - Throws: `certificateExpired` or `certificateNotYetValid`.
    package func check(at moment: Timestamp) throws(TLSError) {
        guard moment >= notBefore else { throw .certificateNotYetValid }
        guard moment <= notAfter else { throw .certificateExpired }
    }

    /// Whether the first certificate is for a host, by its alternative names (RFC 6125).
    package func names(host: String) -> Bool {
        unsafe X509_check_host(certificate.pointer, host, 0, 0, nil) == 1
            || X509_check_ip_asc(certificate.pointer, host, 0) == 1
    }

    /// The alternative names of the first certificate as OpenSSL prints them, such as
    /// `DNS:hooks.example.com`; clients look at no other names (RFC 9110, section 4.3.4).
    package var alternativeNames: [String] {
        let index = unsafe X509_get_ext_by_NID(certificate.pointer, NID_subject_alt_name, -1)
        guard index >= 0, let field = unsafe X509_get_ext(certificate.pointer, index),
            let bio = unsafe BIO_new(BIO_s_mem())
        else { return [] }
        defer { unsafe BIO_free(bio) }
        guard unsafe X509V3_EXT_print(bio, field, 0, 0) == 1 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = unsafe BIO_read(bio, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(0, count))), as: UTF8.self)
            .split(separator: ", ").map(String.init)
    }

    private static func readKey(_ pem: [UInt8]) throws(TLSError) -> OpaquePointer {
        var wasAsked = false
        let key = unsafe pem.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            else { return nil }
            defer { unsafe BIO_free(bio) }
            return unsafe withUnsafeMutablePointer(to: &wasAsked) { asked in
                unsafe PEM_read_bio_PrivateKey(
                    bio,
                    nil,
                    { _, _, _, asked in
                        unsafe asked?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    },
                    asked
                )
            }
        }
        ERR_clear_error()
        guard let key = unsafe key else { throw wasAsked ? .keyEncrypted : .keyMalformed }
        return unsafe key
    }

    private static func moment(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_TIME_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard let time = unsafe time, unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1
        else { return nil }
        return Timestamp(
            millisecondsSinceEpoch: (Int64(days) * 86_400 + Int64(seconds)) * 1000
        )
    }
}

extension TLSIdentity: CustomReflectable {
    /// Shows nothing, so that a dump of whatever holds it has no key in it.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
