internal import CReelLinux
internal import Glibc

/// What is done to names in the file system; every call blocks, so it belongs on a `BlockingPool`.
package enum FileSystem {
    /// Makes a directory that is there afterwards, made now or before.
    ///
    /// With `intermediates` the directories above it are made too, with the same permissions.
    ///
    /// - Throws: What mkdir(2) gives; `ENOTDIR` when the name is taken by something else.
    package static func createDirectory(
        _ path: String,
        permissions: UInt32 = 0o700,
        intermediates: Bool = false
    ) throws(SystemError) {
        do {
            try call("mkdir") { unsafe mkdir(path, permissions) }
        } catch {
            switch error.number {
            case EEXIST where try followedStatus(path)?.kind == .directory: return
            case EEXIST: throw SystemError(function: "mkdir", number: ENOTDIR)
            case ENOENT where intermediates:
                guard let parent = parent(of: path) else { throw error }
                try createDirectory(parent, permissions: permissions, intermediates: true)
                try createDirectory(path, permissions: permissions)
            default: throw error
            }
        }
    }

    /// Waits until the names in a directory are on disk: what makes a file that was made or
    /// renamed there outlive a power cut.
    package static func synchronizeDirectory(_ path: String) throws(SystemError) {
        let descriptor = try openDirectory(path)
        try call("fsync") { fsync(descriptor.number) }
    }

    /// Renames within one file system; the new name appears whole or not at all.
    ///
    /// - Throws: What rename(2) gives; `EEXIST` when the name is taken and is not to be replaced.
    package static func rename(
        _ from: String,
        to: String,
        replacing: Bool
    ) throws(SystemError) {
        try call("rename") {
            replacing
                ? unsafe Glibc.rename(from, to) : unsafe creellinux_rename_new(from, to)
        }
    }

    /// Removes a file, a link or a socket; what is absent already is no error.
    package static func remove(_ path: String) throws(SystemError) {
        do {
            try call("unlink") { unsafe unlink(path) }
        } catch  where error.number == ENOENT {
            return
        }
    }

    /// Makes a symbolic link that holds a target as given, present or not.
    package static func createSymbolicLink(
        _ path: String,
        to target: String
    ) throws(SystemError) {
        try call("symlink") { unsafe symlink(target, path) }
    }

    /// The names in a directory in the order of their bytes, `.` and `..` left out.
    package static func list(_ path: String) throws(SystemError) -> [String] {
        try names(in: try openDirectory(path)).sorted()
    }

    /// What a name stands for, a symbolic link not followed; nil when there is nothing.
    package static func status(_ path: String) throws(SystemError) -> FileStatus? {
        try status { unsafe lstat(path, &$0) }
    }

    /// What a name stands for now, symbolic links followed.
    ///
    /// - Throws: What stat(2) gives.
    package static func identity(_ path: String) throws(SystemError) -> FileIdentity {
        var record = stat()
        try call("stat") { unsafe stat(path, &record) }
        return FileIdentity(record)
    }

    /// Bytes that an unprivileged user may still write on the file system that holds the path.
    package static func freeByteCount(_ path: String) throws(SystemError) -> Int64 {
        var record = statvfs()
        try call("statvfs") { unsafe statvfs(path, &record) }
        return Int64(clamping: UInt64(record.f_bavail) * UInt64(record.f_frsize))
    }

    /// Sets the permission bits of a name.
    package static func setPermissions(
        _ path: String,
        _ permissions: UInt32
    ) throws(SystemError) {
        try call("chmod") { unsafe chmod(path, permissions) }
    }

    /// The whole of a file.
    ///
    /// - Throws: What open(2) and read(2) give; `EFBIG` when it holds more than `byteCountMax`.
    package static func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
        let file = try File.open(path, .read)
        let bytes = try file.read(count: byteCountMax + 1)
        guard bytes.count <= byteCountMax else {
            throw SystemError(function: "read", number: EFBIG)
        }
        return bytes
    }

    private static func followedStatus(_ path: String) throws(SystemError) -> FileStatus? {
        try status { unsafe stat(path, &$0) }
    }

    private static func status(
        _ body: (inout stat) -> Int32
    ) throws(SystemError) -> FileStatus? {
        var record = stat()
        do {
            try call("stat") { body(&record) }
        } catch  where error.number == ENOENT || error.number == ENOTDIR {
            return nil
        }
        return FileStatus(record)
    }

    /// The path without its last component; nil when there is nothing above it.
    private static func parent(of path: String) -> String? {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/"), slash != rest.startIndex else { return nil }
        return String(rest[..<slash])
    }
}
