internal import Glibc
package import ReelJournal

/// The machine's file system.
package struct SystemJournalFiles: JournalFiles {
    package init() {}

    package var name: String? { nil }

    package func lock(_ path: String) throws(JournalError) -> any AnyObject & Sendable {
        let lock = try Opened(path, O_RDWR | O_CREAT)
        guard flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            throw number == EWOULDBLOCK ? .inUse : Self.fault(number)
        }
        // For people: that it cannot be written keeps nobody from the lock.
        if ftruncate(lock.descriptor, 0) == 0 {
            try? lock.write(Array("\(getpid())\n".utf8), at: 0)
        }
        return lock
    }

    package func resolved(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    package func create(_ path: String) throws(JournalError) {
        let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let number = errno
            guard number == EEXIST else { throw Self.fault(number) }
            return
        }
        _ = Glibc.close(file)
    }

    package func open(_ path: String) throws(JournalError) -> (any OpenJournalFile)? {
        let file = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else {
            let number = errno
            guard number == ENOENT else { throw Self.fault(number) }
            return nil
        }
        return Opened(file)
    }

    package func synchronizeDirectory(_ path: String) throws(JournalError) {
        let directory = try Opened(path, O_RDONLY | O_DIRECTORY)
        guard fsync(directory.descriptor) == 0 else { throw Self.fault(errno) }
    }

    private static func fault(_ number: Int32) -> JournalError {
        switch number {
        case ENOSPC, EDQUOT: .full
        case EIO, EROFS: .io
        default: .cannotOpen
        }
    }

    /// A descriptor that closes itself, and so lets go of a lock of flock(2).
    private final class Opened: OpenJournalFile, Sendable {
        let descriptor: Int32

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        init(_ path: String, _ flags: Int32) throws(JournalError) {
            descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw fault(errno) }
        }

        deinit { _ = Glibc.close(descriptor) }

        func read(at offset: Int, count: Int) throws(JournalError) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let done = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress, $0.count, offset)
            }
            guard done >= 0 else { throw fault(errno) }
            bytes.removeLast(count - done)
            return bytes
        }

        func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
            var done = 0
            while done < bytes.count {
                let written = unsafe bytes[done...].withUnsafeBytes {
                    unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + done)
                }
                guard written > 0 else { throw fault(written < 0 ? errno : EIO) }
                done += written
            }
        }

        func synchronize() throws(JournalError) {
            guard fdatasync(descriptor) == 0 else { throw fault(errno) }
        }
    }
}
