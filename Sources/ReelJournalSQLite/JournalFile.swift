internal import Glibc
internal import ReelJournal

/// The journal's file and the lock beside it, by which one process at a time has it open to write.
///
/// SQLite's own locks come and go with transactions; this one, of flock(2), is held from open to
/// close and let go by the kernel when the process dies.
final class JournalFile: Sendable {
    let path: String
    private let lock: Int32

    /// Takes the lock and makes the file where there is none, readable by its owner alone.
    ///
    /// - Throws: `.inUse`, `.cannotOpen`, `.full` or `.io`.
    init(path: String) throws(JournalError) {
        let lock = unsafe open(Self.lockPath(of: path), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Self.fault(errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            _ = Glibc.close(lock)
            throw number == EWOULDBLOCK ? .inUse : Self.fault(number)
        }
        do throws(JournalError) {
            try Self.create(path)
        } catch {
            _ = Glibc.close(lock)
            throw error
        }
        self.path = path
        self.lock = lock
    }

    deinit { _ = Glibc.close(lock) }

    private static func create(_ path: String) throws(JournalError) {
        let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let number = errno
            guard number == EEXIST else { throw fault(number) }
            return
        }
        _ = Glibc.close(file)
    }

    /// Writes the log that a process left behind over itself and waits for the disk.
    ///
    /// After a failed fsync the kernel takes pages for clean that never reached the disk: a log may
    /// read whole and not be there after a power cut, and what is accepted next would stand behind
    /// a hole. Copying it into the database is no cure, since a cut in the midst of that would
    /// leave pages of commits that are lost. The bytes stay what they are, so that neither a cut
    /// in between nor somebody who reads can do harm. After a clean end there is no log.
    ///
    /// - Throws: `.cannotOpen`, `.full` or `.io`.
    func settleLog() throws(JournalError) {
        let log = unsafe open(path + "-wal", O_RDWR | O_CLOEXEC)
        guard log >= 0 else {
            let number = errno
            guard number == ENOENT else { throw Self.fault(number) }
            return
        }
        defer { _ = Glibc.close(log) }
        var offset = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(log, $0.baseAddress, $0.count, offset)
            }
            guard count >= 0 else { throw Self.fault(errno) }
            guard count > 0 else { break }
            var done = 0
            while done < count {
                let written = unsafe buffer[done..<count].withUnsafeBytes {
                    unsafe pwrite(log, $0.baseAddress, $0.count, offset + done)
                }
                guard written > 0 else { throw Self.fault(written < 0 ? errno : EIO) }
                done += written
            }
            offset += count
        }
        guard fdatasync(log) == 0 else { throw Self.fault(errno) }
    }

    /// Waits until the names of the database and of its log are on disk.
    ///
    /// A new name is there only once its directory is (fsync(2)); SQLite does that for a log, but
    /// takes no notice when it fails.
    func synchronizeNames() throws(JournalError) {
        let directory = unsafe open(
            String(Self.parts(of: path).directory),
            O_RDONLY | O_DIRECTORY | O_CLOEXEC
        )
        guard directory >= 0 else { throw Self.fault(errno) }
        let status = fsync(directory)
        let number = errno
        _ = Glibc.close(directory)
        guard status == 0 else { throw Self.fault(number) }
    }

    /// `.<name>.lock` in the same directory.
    static func lockPath(of path: String) -> String {
        let (directory, name) = parts(of: path)
        return "\(directory)/.\(name).lock"
    }

    private static func parts(of path: String) -> (directory: Substring, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path[...]) }
        let directory = slash == path.startIndex ? "/" : path[..<slash]
        return (directory, path[path.index(after: slash)...])
    }

    private static func fault(_ number: Int32) -> JournalError {
        switch number {
        case ENOSPC, EDQUOT: .full
        case EIO, EROFS: .io
        default: .cannotOpen
        }
    }
}
