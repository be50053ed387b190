internal import Glibc

/// What tells whether a name stands for the same content as before: the file and its last change.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let byteCount: Int64
    private let modifiedSeconds: Int
    private let modifiedNanoseconds: Int

    init(_ record: stat) {
        device = UInt64(record.st_dev)
        inode = UInt64(record.st_ino)
        byteCount = Int64(record.st_size)
        modifiedSeconds = record.st_mtim.tv_sec
        modifiedNanoseconds = record.st_mtim.tv_nsec
    }
}
