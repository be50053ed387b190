internal import ReelCrypto
internal import ReelHTTPClient

/// A stretch of a file, as the content of a request.
struct DiskFileSource: HTTPClientContentSource {
    let file: any DiskFile
    let start: Int64
    let byteCount: Int64

    func read(at offset: Int64, count: Int) -> [UInt8]? {
        try? file.read(at: start + offset, count: Int(min(Int64(count), byteCount - offset)))
    }

    /// The SHA-256 of the stretch, lower-case hexadecimal; its bytes go to the other digest too.
    ///
    /// - Throws: `.changed` when the file ends before the stretch does.
    func digest(also whole: RunningDigest) throws(AssetError) -> String {
        let digest = RunningDigest()
        var offset: Int64 = 0
        while offset < byteCount {
            let count = Int(min(1 << 20, byteCount - offset))
            let bytes = try file.read(at: start + offset, count: count)
            guard !bytes.isEmpty else { throw .changed }
            digest.update(bytes)
            whole.update(bytes)
            offset += Int64(bytes.count)
        }
        return digest.finish()
    }
}
