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

    package func allocate(_ path: String, byteCount: Int64) throws(JournalError) {
        // A process that may not have files of that length would be ended by a signal.
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
            limit.rlim_cur >= UInt64(max(byteCount, 0))
        else { throw .cannotOpen }
        let file = try Opened(path, O_RDWR | O_CREAT)
        var known = stat()
        if unsafe fstat(file.descriptor, &known) == 0, known.st_size == byteCount,
            Int64(known.st_blocks) * 512 >= byteCount
        {
            return
        }
        var number: Int32 = 0
        repeat {
            number = posix_fallocate(file.descriptor, 0, off_t(byteCount))
        } while number == EINTR
        guard number == 0, ftruncate(file.descriptor, off_t(byteCount)) == 0 else {
            try remove(path)
            throw Self.fault(number)
        }
    }

    package func remove(_ path: String) throws(JournalError) {
        do throws(JournalError) {
            // File systems with a journal of their own give the blocks away once it is written.
            let file = try Opened(path, O_RDWR)
            if ftruncate(file.descriptor, 0) == 0 { _ = fsync(file.descriptor) }
        } catch {
            guard errno != ENOENT else { return }
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw Self.fault(errno) }
    }

    package func byteCount(_ path: String) throws(JournalError) -> Int64 {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw Self.fault(errno) }
        return Int64(status.st_size)
    }

    package func freeByteCount(_ directory: String) throws(JournalError) -> Int64 {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { throw Self.fault(errno) }
        let (count, isTooMany) = Int64(status.f_bavail)
            .multipliedReportingOverflow(by: Int64(status.f_frsize))
        return isTooMany ? .max : count
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
