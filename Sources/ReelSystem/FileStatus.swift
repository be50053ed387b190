internal import Glibc
package import ReelRuntime

/// What the file system knows of a name.
package struct FileStatus: Hashable, Sendable {
    /// What a name stands for.
    package enum Kind: Hashable, Sendable {
        case file
        case directory
        case symbolicLink
        case socket
        /// A device or a pipe.
        case other
    }

    package let kind: Kind
    package let byteCount: Int64
    package let modifiedAt: Timestamp
    /// The low twelve bits of the mode.
    package let permissions: UInt32
    /// The number of the user who owns it.
    package let owner: UInt32

    /// What a file system of a test says.
    package init(
        kind: Kind,
        byteCount: Int64,
        modifiedAt: Timestamp,
        permissions: UInt32 = 0o640,
        owner: UInt32 = 0
    ) {
        self.kind = kind
        self.byteCount = byteCount
        self.modifiedAt = modifiedAt
        self.permissions = permissions
        self.owner = owner
    }

    init(_ record: stat) {
        switch record.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        case S_IFSOCK: kind = .socket
        default: kind = .other
        }
        byteCount = Int64(record.st_size)
        modifiedAt = Timestamp(
            millisecondsSinceEpoch: Int64(record.st_mtim.tv_sec) * 1000
                + Int64(record.st_mtim.tv_nsec) / 1_000_000
        )
        permissions = record.st_mode & 0o7777
        owner = record.st_uid
    }
}
