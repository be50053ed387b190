package import ReelJournal

/// What a journal asks of a file system besides what SQLite does in it: the seam at which a
/// simulation has a disk of its own.
package protocol JournalFiles: Sendable {
    /// The name under which SQLite knows the file system (sqlite.org/vfs.html); nil for the
    /// machine's.
    var name: String? { get }
    /// A path with no symbolic link in it; as it is for a file that is not there yet.
    func resolved(_ path: String) -> String
    /// Takes a lock that one process at a time can have, for as long as what is returned lives, and
    /// notes the process in it.
    ///
    /// - Throws: `.inUse` when somebody has it, `.cannotOpen`, `.full` or `.io`.
    func lock(_ path: String) throws(JournalError) -> any AnyObject & Sendable
    /// Makes a file where there is none, readable by its owner alone.
    func create(_ path: String) throws(JournalError)
    /// Opens a file to read and write it; nil where there is none.
    func open(_ path: String) throws(JournalError) -> (any OpenJournalFile)?
    /// Waits until the names in a directory are on disk.
    func synchronizeDirectory(_ path: String) throws(JournalError)
    /// Sees to it that a file is there whose blocks are its own, as many as hold so many bytes.
    ///
    /// - Throws: `.full` when they do not fit, with nothing left of the file; `.cannotOpen` where
    ///   there is no such thing.
    func allocate(_ path: String, byteCount: Int64) throws(JournalError)
    /// Removes a file and waits until its blocks are free; what is absent already is no error.
    func remove(_ path: String) throws(JournalError)
    /// The length of a file, found without opening it.
    func byteCount(_ path: String) throws(JournalError) -> Int64
    /// What a file in that directory may grow by.
    func freeByteCount(_ directory: String) throws(JournalError) -> Int64
    /// Other processes that hold a state of a journal, for people: such as `4711 (sqlite3)`.
    func readers(of path: String) -> [String]
}

extension JournalFiles {
    /// Where there are no links.
    package func resolved(_ path: String) -> String { path }

    // Where nothing is kept in reserve.

    package func allocate(_ path: String, byteCount: Int64) throws(JournalError) {
        throw .cannotOpen
    }

    package func remove(_ path: String) throws(JournalError) {}

    package func byteCount(_ path: String) throws(JournalError) -> Int64 { throw .cannotOpen }

    package func freeByteCount(_ directory: String) throws(JournalError) -> Int64 { .max }

    // Where one process is alone.

    package func readers(of path: String) -> [String] { [] }
}

/// A file of a journal, closed when it is let go.
package protocol OpenJournalFile: Sendable {
    /// Up to `count` bytes from an offset; none at the end.
    func read(at offset: Int, count: Int) throws(JournalError) -> [UInt8]
    func write(_ bytes: [UInt8], at offset: Int) throws(JournalError)
    /// Waits until the content is on disk.
    func synchronize() throws(JournalError)
}
