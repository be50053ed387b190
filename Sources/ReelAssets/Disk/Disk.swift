internal import Glibc
package import ReelSystem

/// What this room asks of a file system: the seam at which tests break it at any step.
///
/// Every call blocks, so it belongs on a `BlockingPool`. No call follows a symbolic link in the
/// last part of a path.
package protocol Disk: Sendable {
    func open(
        _ path: String,
        _ mode: File.Mode,
        permissions: UInt32
    ) throws(AssetError) -> any DiskFile
    /// What a name stands for; nil when there is nothing.
    func status(_ path: String) throws(AssetError) -> FileStatus?
    /// Makes a directory that is there afterwards, and those above it.
    func createDirectory(_ path: String, permissions: UInt32) throws(AssetError)
    func synchronizeDirectory(_ path: String) throws(AssetError)
    /// Renames within one file system; `.occupied` when the name is taken and not to be replaced.
    func rename(_ from: String, to: String, replacing: Bool) throws(AssetError)
    /// Removes a file; what is absent already is no error.
    func remove(_ path: String) throws(AssetError)
    /// Removes a name and all below it; what is absent already is no error.
    func removeTree(_ path: String) throws(AssetError)
    func list(_ path: String) throws(AssetError) -> [String]
    /// Gives a file a second name; `.occupied` when the name is taken.
    func link(_ path: String, to target: String) throws(AssetError)
    func symbolicLink(_ path: String, to target: String) throws(AssetError)
    /// What a symbolic link holds; nil when the name is absent or something else.
    func linkTarget(_ path: String) throws(AssetError) -> String?
    func freeByteCount(_ path: String) throws(AssetError) -> Int64
}

extension Disk {
    // A disk without links, on which the same bytes are kept as often as they come.

    package func link(_ path: String, to target: String) throws(AssetError) {
        throw .disk(code: EOPNOTSUPP)
    }

    package func symbolicLink(_ path: String, to target: String) throws(AssetError) {
        throw .disk(code: EOPNOTSUPP)
    }

    package func linkTarget(_ path: String) throws(AssetError) -> String? { nil }

    /// Makes a directory that outlives a power cut, and those above it.
    ///
    /// Each is on disk before the next is begun in it. The lowest one that is there already is
    /// waited for too: whoever made it may have died before that. The path is absolute.
    ///
    /// - Throws: What the disk gives.
    package func createDurableDirectory(
        _ path: String,
        permissions: UInt32
    ) throws(AssetError) {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        let isNew = try status(String(path)) == nil
        if isNew, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try createDurableDirectory(String(path[..<slash]), permissions: permissions)
        }
        try createDirectory(String(path), permissions: permissions)
        do {
            try synchronizeDirectory(path + "/..")
        } catch {
            // What is above somebody else's directory may be none of ours to open.
            guard !isNew, error == .disk(code: EACCES) else { throw error }
        }
    }

    /// Removes a file, whose name does not come back after a power cut either.
    ///
    /// Also what is absent already is waited for: whoever removed it may have died before that.
    ///
    /// - Throws: What the disk gives.
    func removeDurably(_ path: String) throws(AssetError) {
        try remove(path)
        guard let slash = path.lastIndex(of: "/") else { return }
        try synchronizeDirectory(String(path[..<slash]))
    }

    /// Makes a directory durably and tries to write in it, so that one that cannot be used is told
    /// of at start and not by the first file.
    ///
    /// A full disk is no such thing: it is waited out, and each file says for itself what it lacks.
    func prove(_ path: String, permissions: UInt32) throws(AssetError) {
        try createDurableDirectory(path, permissions: permissions)
        let probe = path + "/.probe"
        do throws(AssetError) {
            let file = try open(probe, .truncate, permissions: 0o600)
            try file.write([0], at: 0)
        } catch {
            guard error == .diskFull else { throw error }
        }
        try remove(probe)
    }
}

/// An open file, closed when it is let go.
package protocol DiskFile: Sendable {
    func status() throws(AssetError) -> FileStatus
    /// Up to `count` bytes from an offset; fewer only at the end.
    func read(at offset: Int64, count: Int) throws(AssetError) -> [UInt8]
    func write(_ bytes: [UInt8], at offset: Int64) throws(AssetError)
    func truncate(to byteCount: Int64) throws(AssetError)
    /// Waits until the content is on disk; a failure is final.
    func synchronize() throws(AssetError)
    /// Hints that a stretch may go to the disk now, so that `synchronize` finds little to do.
    func beginWriteOut(at offset: Int64, byteCount: Int64)
}

extension DiskFile {
    package func beginWriteOut(at offset: Int64, byteCount: Int64) {}
}
