/// Why the journal could not do what it was asked.
package enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The disk is full.
    case full
    /// The disk failed, or refuses to be written.
    case io
    /// More writes wait than the configuration allows.
    case overloaded
    /// A reader has held the write-ahead log until it was as long as it may be; nothing new is
    /// taken in until the reader lets go.
    case logTooLong
    /// The read was ended, since it held the write-ahead log for too long.
    case readTooLong
    /// The file is not a journal, or is damaged.
    case corrupt
    /// The file was written by a newer version.
    case newerSchema(found: Int, known: Int)
    /// The file has the tables of a build before the schema was released, or changed by hand.
    case otherTables(schema: Int, differences: String)
    /// Another process has this journal open.
    case inUse
    /// It was closed.
    case closed
    /// The directory or the file cannot be opened.
    case cannotOpen
    /// A fault of the program, by the driver's own code.
    case driver(code: Int)

    /// A sentence that is safe to log.
    package var description: String {
        switch self {
        case .full: "the disk is full"
        case .io: "the disk failed or refuses to be written"
        case .overloaded: "too many writes are waiting"
        case .logTooLong:
            "the write-ahead log is as long as it may be, since somebody reads what was before it"
        case .readTooLong:
            "the read was ended: it took too long, or the service's write-ahead log grew too long"
                + " meanwhile; a quieter hour will do"
        case .corrupt: "the file is damaged or is not a journal"
        case .newerSchema(let found, let known):
            "the journal has schema \(found) and this version knows schemas up to \(known)"
        case .otherTables(let schema, let differences):
            "the journal's tables are not those of schema \(schema): \(differences); a build before"
                + " its release made them, or they were changed: keep the file, and begin with a"
                + " new data directory or a backup"
        case .inUse: "another process has the journal open"
        case .closed: "the journal is closed"
        case .cannotOpen: "the journal cannot be opened"
        case .driver(let code): "the journal's driver reported code \(code)"
        }
    }

    /// A fixed word for metrics.
    package var code: String {
        switch self {
        case .full: "full"
        case .io: "io"
        case .overloaded: "overloaded"
        case .logTooLong: "log_too_long"
        case .readTooLong: "read_too_long"
        case .corrupt: "corrupt"
        case .newerSchema: "newer_schema"
        case .otherTables: "other_tables"
        case .inUse: "in_use"
        case .closed: "closed"
        case .cannotOpen: "cannot_open"
        case .driver: "driver"
        }
    }
}
