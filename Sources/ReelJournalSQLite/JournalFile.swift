internal import ReelJournal

/// The journal's file and the lock beside it, by which one process at a time has it open to write.
///
/// SQLite's own locks come and go with transactions; this one, of flock(2), is held from open to
/// close and let go by the kernel when the process dies.
final class JournalFile: Sendable {
    let path: String
    private let files: any JournalFiles
    private let lock: any AnyObject & Sendable

    /// Takes the lock and makes the file where there is none, readable by its owner alone.
    ///
    /// - Throws: `.inUse`, `.cannotOpen`, `.full` or `.io`.
    init(path: String, in files: any JournalFiles) throws(JournalError) {
        // Two ways to one file are one lock, and SQLite puts its own companions there too.
        let path = files.resolved(path)
        lock = try files.lock(Self.lockPath(of: path))
        try files.create(path)
        self.path = path
        self.files = files
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
        guard let log = try files.open(path + "-wal") else { return }
        var offset = 0
        while true {
            let bytes = try log.read(at: offset, count: 1 << 20)
            guard !bytes.isEmpty else { break }
            try log.write(bytes, at: offset)
            offset += bytes.count
        }
        try log.synchronize()
    }

    /// Opens the write-ahead log beside SQLite, to wait for the disk; no lock of SQLite's is on it.
    ///
    /// - Throws: `.cannotOpen` when there is none, `.full` or `.io`.
    func openLog() throws(JournalError) -> any OpenJournalFile {
        guard let log = try files.open(path + "-wal") else { throw .cannotOpen }
        return log
    }

    /// Waits until the names of the database and of its log are on disk.
    ///
    /// A new name is there only once its directory is (fsync(2)); SQLite does that for a log, but
    /// takes no notice when it fails.
    func synchronizeNames() throws(JournalError) {
        try files.synchronizeDirectory(String(Self.parts(of: path).directory))
    }

    /// The process that noted itself in the lock's file; nil where none has.
    ///
    /// What a process that died wrote stays there, so it says something only of a lock that was
    /// found to be taken.
    static func owner(of path: String) -> Int32? {
        let files = SystemJournalFiles()
        guard let lock = try? files.open(lockPath(of: files.resolved(path))),
            let digits = try? lock.read(at: 0, count: 16)
        else { return nil }
        let line = digits.prefix { $0 != UInt8(ascii: "\n") }
        return Int32(String(decoding: line, as: UTF8.self))
    }

    /// Other processes that read a state of the journal now, for people.
    var readers: [String] { files.readers(of: path) }

    // MARK: The reserve

    private var reservePath: String {
        let (directory, name) = Self.parts(of: path)
        return "\(directory)/.\(name).reserve"
    }

    func makeReserve(_ byteCount: Int64) throws(JournalError) {
        try files.allocate(reservePath, byteCount: byteCount)
    }

    /// Lets go of the reserve; one that cannot be removed is of no more use than none.
    func removeReserve() { try? files.remove(reservePath) }

    /// The length of the database, as far as the log was copied into it.
    func byteCount() throws(JournalError) -> Int64 { try files.byteCount(path) }

    func freeByteCount() throws(JournalError) -> Int64 {
        try files.freeByteCount(String(Self.parts(of: path).directory))
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
}
