internal import CReelLinux
internal import Glibc

/// An open regular file; closed when the last reference to it goes.
///
/// Its calls block, so they belong on a `BlockingPool`. Reads and writes at an offset may be made
/// from several threads at once; those at the current position by one at a time.
package final class File: Sendable {
    /// How a file is opened.
    package enum Mode: Sendable {
        /// An existing file, to be read.
        case read
        /// An existing file, to be read and written.
        case readWrite
        /// To be read and written; made if absent.
        case readWriteCreate
        /// To be read and written; fails with `EEXIST` when the name is taken, by a link too.
        case createNew
        /// To be read and written; made if absent, emptied if not.
        case truncate
        /// To be written at its end, wherever that is by then; made if absent.
        case append

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .readWriteCreate: O_RDWR | O_CREAT
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            case .truncate: O_RDWR | O_CREAT | O_TRUNC
            case .append: O_WRONLY | O_CREAT | O_APPEND
            }
        }
    }

    private let descriptor: Descriptor

    private init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// Opens a file, not to be inherited by child processes.
    ///
    /// The permissions are those of a file that is made, less the process's umask; files are
    /// private to the user unless said otherwise.
    ///
    /// - Throws: What open(2) gives; `ELOOP` for a symbolic link that is not to be followed.
    package static func open(
        _ path: String,
        _ mode: Mode,
        permissions: UInt32 = 0o600,
        followingLinks: Bool = true
    ) throws(SystemError) -> File {
        let flags = mode.flags | O_CLOEXEC | (followingLinks ? 0 : O_NOFOLLOW)
        let number = try call("open") { unsafe Glibc.open(path, flags, permissions) }
        return File(Descriptor(owning: number))
    }

    /// Up to `count` bytes from an offset; fewer only at the end of the file.
    package func read(at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        try unsafe filled(count) { buffer, already throws(SystemError) in
            try call("pread") {
                unsafe pread(
                    descriptor.number,
                    buffer.baseAddress,
                    buffer.count,
                    Int(offset) + already
                )
            }
        }
    }

    /// Up to `count` bytes from the current position; fewer only at the end of the file.
    package func read(count: Int) throws(SystemError) -> [UInt8] {
        try unsafe filled(count) { buffer, _ throws(SystemError) in
            try call("read") {
                unsafe Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
            }
        }
    }

    /// Writes all bytes at the current position.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) {
        try unsafe drained(bytes) { buffer, _ throws(SystemError) in
            try call("write") {
                unsafe Glibc.write(descriptor.number, buffer.baseAddress, buffer.count)
            }
        }
    }

    /// Writes all bytes at the current position.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        try write(bytes.span)
    }

    /// Writes all bytes at an offset.
    package func write(_ bytes: Span<UInt8>, at offset: Int64) throws(SystemError) {
        try unsafe drained(bytes) { buffer, already throws(SystemError) in
            try call("pwrite") {
                unsafe pwrite(
                    descriptor.number,
                    buffer.baseAddress,
                    buffer.count,
                    Int(offset) + already
                )
            }
        }
    }

    /// Writes all bytes at an offset.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        try write(bytes.span, at: offset)
    }

    /// The file's length at this moment.
    package var byteCount: Int64 {
        get throws(SystemError) { try status.byteCount }
    }

    /// What the file system knows of the file.
    package var status: FileStatus {
        get throws(SystemError) {
            var record = stat()
            try call("fstat") { unsafe fstat(descriptor.number, &record) }
            return FileStatus(record)
        }
    }

    /// Cuts or extends the file to a length; what is added reads as zeros.
    package func truncate(to byteCount: Int64) throws(SystemError) {
        try call("ftruncate") { ftruncate(descriptor.number, Int(byteCount)) }
    }

    /// Waits until the content and the length are on disk.
    ///
    /// A failure is final: the kernel may have dropped the pages, and a second call that succeeds
    /// proves nothing (fsync(2)). Whoever gets one treats what was written as lost.
    package func synchronize() throws(SystemError) {
        try call("fsync") { fsync(descriptor.number) }
    }

    /// Has the kernel begin to write a stretch to the disk, and does not wait for it
    /// (sync_file_range(2)).
    ///
    /// It is a hint, so that a later `synchronize` has little left to do. A file system that does
    /// not take it loses nothing by it, and a write that fails is still told of by `synchronize`.
    package func beginWriteOut(at offset: Int64, byteCount: Int64) {
        _ = creellinux_begin_write_out(descriptor.number, Int(offset), Int(byteCount))
    }

    /// Takes the file's advisory lock, which lasts until the file is closed (flock(2)).
    ///
    /// - Returns: Whether it was free; it does not wait.
    package func lock() throws(SystemError) -> Bool {
        switch try attempt("flock", { flock(descriptor.number, LOCK_EX | LOCK_NB) }) {
        case .done: true
        case .wouldBlock: false
        }
    }

    private func filled(
        _ count: Int,
        _ body: (UnsafeMutableRawBufferPointer, Int) throws(SystemError) -> Int
    ) throws(SystemError) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let room = filled
            let step: Result<Int, SystemError> = unsafe bytes.withUnsafeMutableBytes { buffer in
                Result { () throws(SystemError) in
                    try unsafe body(UnsafeMutableRawBufferPointer(rebasing: buffer[room...]), room)
                }
            }
            let taken = try step.get()
            if taken == 0 { break }
            filled += taken
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    private func drained(
        _ bytes: Span<UInt8>,
        _ body: (UnsafeRawBufferPointer, Int) throws(SystemError) -> Int
    ) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let start = written
            let step: Result<Int, SystemError> = unsafe bytes.withUnsafeBytes { buffer in
                Result { () throws(SystemError) in
                    try unsafe body(UnsafeRawBufferPointer(rebasing: buffer[start...]), start)
                }
            }
            written += try step.get()
        }
    }
}
