internal import ReelCrypto
internal import ReelSystem

/// A SHA-256 that grows with a file; owned by one writer at a time.
// SAFETY: its owner calls it from one thread at a time, and awaits between two threads.
final class RunningDigest: @unchecked Sendable {
    private var digest: SHA256? = SHA256()

    func update(_ bytes: [UInt8]) {
        digest?.update(bytes.span)
    }

    /// Ends it as lower-case hexadecimal; called once.
    func finish() -> String {
        guard let digest = digest.take() else {
            preconditionFailure("a digest is finished once")
        }
        return hexadecimal(digest.finish())
    }
}

extension DiskFile {
    /// Feeds the first `byteCount` bytes to a digest, piece by piece.
    ///
    /// - Throws: `.changed` when the file ends before that.
    func feed(_ digest: RunningDigest, byteCount: Int64) throws(AssetError) {
        var offset: Int64 = 0
        while offset < byteCount {
            let bytes = try read(at: offset, count: Int(min(1 << 20, byteCount - offset)))
            guard !bytes.isEmpty else { throw .changed }
            digest.update(bytes)
            offset += Int64(bytes.count)
        }
    }

    /// The SHA-256 of the whole file, lower-case hexadecimal.
    func sha256() throws(AssetError) -> String {
        let digest = RunningDigest()
        try feed(digest, byteCount: status().byteCount)
        return digest.finish()
    }
}
