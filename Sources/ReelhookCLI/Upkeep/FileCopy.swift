internal import Glibc
internal import ReelCrypto
internal import ReelSystem

/// Bytes that were read, counted and hashed on the way.
struct FileCopy: Hashable, Sendable {
    let byteCount: Int64
    /// Lower-case hexadecimal.
    let sha256: String

    /// What a directory of files is made with; a data directory's own permissions.
    static let directoryPermissions: UInt32 = 0o750
    private static let pieceByteCount = 1 << 20

    /// Reads a file without following a link, and writes it elsewhere where there is a target.
    ///
    /// - Returns: What was read; a target is durable by then, its name once its directory is.
    static func read(
        _ path: String,
        to target: String? = nil,
        permissions: UInt32 = 0o640
    ) throws(SystemError) -> FileCopy {
        // To open a pipe would wait for its writer.
        if let status = try FileSystem.status(path), status.kind != .file {
            throw SystemError(function: "open", number: EINVAL)
        }
        let source = try File.open(path, .read, followingLinks: false)
        let copy = try target.map { (target) throws(SystemError) in
            try File.open(target, .createNew, permissions: permissions)
        }
        var digest = SHA256()
        var byteCount: Int64 = 0
        while true {
            let bytes = try source.read(at: byteCount, count: pieceByteCount)
            if bytes.isEmpty { break }
            digest.update(bytes.span)
            try copy?.write(bytes)
            byteCount += Int64(bytes.count)
        }
        try copy?.synchronize()
        return FileCopy(byteCount: byteCount, sha256: hexadecimal(digest.finish()))
    }
}
