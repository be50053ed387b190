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
        // A new name is only on disk once its directory is (fsync(2)).
        let directory = unsafe open(
            String(parts(of: path).directory),
            O_RDONLY | O_DIRECTORY | O_CLOEXEC
        )
        guard directory >= 0 else { throw fault(errno) }
        let status = fsync(directory)
        let number = errno
        _ = Glibc.close(directory)
        guard status == 0 else { throw fault(number) }
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
