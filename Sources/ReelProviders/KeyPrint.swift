internal import ReelCrypto

/// Tells one API key of a provider from its few others, and no more.
///
/// It is kept with each job, so that after a restart the key that made it is asked with first. It
/// has 16 bits of a SHA-256: whoever reads it cannot find even a weak key by guessing, since one
/// guess in 65,536 fits, and cannot tell whether two providers have the same key. Two keys with the
/// same one cost a call more.
package struct KeyPrint: Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Digests a key of the provider of that name.
    init(of key: APIKey, at provider: String) {
        var hash = SHA256()
        hash.update(Array("reelhook key print\nprovider \(provider)\n".utf8).span)
        hash.update(Array(key.authorization.utf8).span)
        let digest = hash.finish()
        rawValue = UInt16(digest[0]) << 8 | UInt16(digest[1])
    }
}

/// Finds what was remembered of the key of a job; nil for what is not known.
package typealias KeyRecall = @Sendable (_ job: String) async -> KeyPrint?
