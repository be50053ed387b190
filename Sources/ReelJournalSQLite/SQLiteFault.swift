internal import CReelSQLite
internal import ReelJournal

/// What SQLite answered when it did not do what it was asked.
struct SQLiteFault: Error, Equatable {
    /// The extended result code (sqlite.org/rescode.html).
    let code: Int32

    var primaryCode: Int32 { code & 0xFF }

    var journalError: JournalError {
        switch primaryCode {
        case SQLITE_FULL: .full
        case SQLITE_IOERR where self == .memoryFull: .full
        // A file system that was remounted read-only answers either.
        case SQLITE_IOERR, SQLITE_READONLY: .io
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_BUSY, SQLITE_LOCKED: .inUse
        case SQLITE_CANTOPEN: .cannotOpen
        // Nobody but a `ReadBound` interrupts.
        case SQLITE_INTERRUPT: .readTooLong
        default: .driver(code: Int(code))
        }
    }

    /// Whether it lies with the disk, and so with every write that was to share the commit.
    var isOfDisk: Bool {
        switch primaryCode {
        case SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN: true
        default: false
        }
    }

    /// Whether memory or the disk was too small, and nothing else is wrong.
    var isForWantOfSpace: Bool { primaryCode == SQLITE_FULL || primaryCode == SQLITE_NOMEM }

    /// Whether the connection is to be opened anew.
    ///
    /// After a failed fsync the kernel may have dropped the pages, and the next fsync would say
    /// that all is well. What could not be opened to write, SQLite opens to read alone, and it
    /// stays at that when the disk is well again.
    var spoilsConnection: Bool {
        switch primaryCode {
        case SQLITE_IOERR, SQLITE_READONLY, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_NOMEM: true
        default: false
        }
    }

    /// SQLITE_READONLY_ROLLBACK, whose macro Swift does not import.
    static let rollbackDue = SQLiteFault(code: SQLITE_READONLY | 3 << 8)

    /// SQLITE_IOERR_FSYNC, whose macro Swift does not import either.
    static let unsynchronized = SQLiteFault(code: SQLITE_IOERR | 4 << 8)

    /// SQLITE_IOERR_SHMSIZE: on a full disk there is no room for what readers share.
    static let memoryFull = SQLiteFault(code: SQLITE_IOERR | 19 << 8)

    /// A fault of this program, not of SQLite: a value that a row cannot have.
    static let misread = SQLiteFault(code: SQLITE_MISMATCH)
}
