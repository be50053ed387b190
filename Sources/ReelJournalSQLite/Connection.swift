internal import CReelSQLite
internal import ReelRuntime

/// One connection to a database and the statements that it keeps.
// SAFETY: a connection belongs to one thread at a time: to the one that opens it, and from then on
// to the thread it is handed to, before that thread starts.
@safe
final class Connection: @unchecked Sendable {
    let handle: OpaquePointer
    private let walFrameCount: UnsafeMutablePointer<Int32>
    private var fixed: [UInt: Kept] = [:]
    private var composed: [String: Kept] = [:]

    private static let composedCountMax = 64

    /// A statement in a dictionary, which holds nothing that cannot be copied.
    private final class Kept {
        let statement: Statement

        init(_ statement: consuming Statement) { self.statement = statement }

        func run(_ values: [SQLiteValue]) throws(SQLiteFault) {
            defer { statement.reset() }
            try statement.bind(values)
            while try statement.step() {}
        }

        func rows<Row>(
            _ values: [SQLiteValue],
            _ read: (borrowing Statement) throws(SQLiteFault) -> Row
        ) throws(SQLiteFault) -> [Row] {
            defer { statement.reset() }
            try statement.bind(values)
            var rows: [Row] = []
            while try statement.step() { rows.append(try read(statement)) }
            return rows
        }

        func first<Row>(
            _ values: [SQLiteValue],
            _ read: (borrowing Statement) throws(SQLiteFault) -> Row
        ) throws(SQLiteFault) -> Row? {
            defer { statement.reset() }
            try statement.bind(values)
            return try statement.step() ? try read(statement) : nil
        }
    }

    /// How a connection is used.
    enum Role {
        /// The one that writes and checkpoints.
        case writer
        /// Reads while a writer of this process is there.
        case reader
        /// Reads a file that another process may be writing.
        case onlooker
    }

    /// What SQLite is told once, before its first connection; told too late, it changes nothing.
    private static let isTold = creelsqlite_omit_statistics() == SQLITE_OK

    /// Opens the file, which is there.
    init(
        path: String,
        role: Role,
        _ ground: SQLiteGround = SQLiteGround()
    ) throws(SQLiteFault) {
        _ = Self.isTold
        let access = role == .onlooker ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        var opened: OpaquePointer?
        let status = unsafe sqlite3_open_v2(
            path,
            &opened,
            access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
            ground.files.name
        )
        guard status == SQLITE_OK, let opened = unsafe opened else {
            // A connection that could not be opened is closed all the same (sqlite3_open_v2).
            unsafe sqlite3_close_v2(opened)
            throw SQLiteFault(code: status == SQLITE_OK ? SQLITE_NOMEM : status)
        }
        unsafe handle = opened
        unsafe walFrameCount = .allocate(capacity: 1)
        unsafe walFrameCount.initialize(to: 0)
        _ = unsafe creelsqlite_defend(handle)
        switch role {
        case .writer:
            // It replaces the hook by which SQLite would checkpoint on its own.
            unsafe sqlite3_wal_hook(handle, noteWALFrames, walFrameCount)
            pageByteCount = Int(try number("PRAGMA page_size"))
        case .reader, .onlooker:
            // Only the writer checkpoints (the WAL-reset bug of SQLite up to 3.51.2).
            _ = unsafe sqlite3_wal_autocheckpoint(handle, 0)
            _ = unsafe creelsqlite_keep_wal_on_close(handle)
        }
    }

    deinit {
        fixed = [:]
        composed = [:]
        unsafe sqlite3_close_v2(handle)
        unsafe walFrameCount.deallocate()
    }

    private(set) var pageByteCount = 4_096
    /// How long statements wait for another process, and a checkpoint for readers, in milliseconds.
    private var lockWait: Int32 = 0
    private var readerWait: Int32 = 0

    /// How long the database is once all of the log is copied into it.
    func byteCount() throws(SQLiteFault) -> Int64 {
        try number("PRAGMA page_count") * Int64(pageByteCount)
    }

    /// Pages in the write-ahead log after the last commit of this connection.
    var walPageCount: Int { Int(unsafe walFrameCount.pointee) }

    /// Rows that the last statement changed.
    var changeCount: Int { unsafe Int(sqlite3_changes(handle)) }

    /// The number that the last row which was inserted got (sqlite3_last_insert_rowid): a look at
    /// the connection, where RETURNING takes a table of its own.
    var lastInsertedNumber: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Whether a transaction is open; an error may have rolled it back.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    private(set) var bound: ReadBound?
    private static let operationCount: Int32 = 10_000

    /// Has statements end, with SQLITE_INTERRUPT, once they have taken what they may.
    func bind(to bound: ReadBound) {
        self.bound = bound
        // SAFETY: the connection has the bound for as long as SQLite may call.
        unsafe sqlite3_progress_handler(
            handle,
            Self.operationCount,
            isBoundReached,
            Unmanaged.passUnretained(bound).toOpaque()
        )
    }

    /// Runs statements that are not kept and whose rows nobody reads.
    func execute(_ text: String) throws(SQLiteFault) {
        let status = unsafe sqlite3_exec(handle, text, nil, nil, nil)
        guard status == SQLITE_OK else { throw SQLiteFault(code: status) }
    }

    /// Runs a kept statement to its end.
    func run(_ text: StaticString, _ values: [SQLiteValue] = []) throws(SQLiteFault) {
        try kept(text).run(values)
    }

    /// The rows of a kept statement.
    func rows<Row>(
        _ text: StaticString,
        _ values: [SQLiteValue] = [],
        _ read: (borrowing Statement) throws(SQLiteFault) -> Row
    ) throws(SQLiteFault) -> [Row] {
        try kept(text).rows(values, read)
    }

    /// The first row of a kept statement.
    func first<Row>(
        _ text: StaticString,
        _ values: [SQLiteValue] = [],
        _ read: (borrowing Statement) throws(SQLiteFault) -> Row
    ) throws(SQLiteFault) -> Row? {
        try kept(text).first(values, read)
    }

    /// The rows of a statement whose text was put together from fixed parts.
    func rows<Row>(
        composed text: String,
        _ values: [SQLiteValue],
        _ read: (borrowing Statement) throws(SQLiteFault) -> Row
    ) throws(SQLiteFault) -> [Row] {
        try kept(composed: text).rows(values, read)
    }

    /// The first column of the first row of a statement that is not kept, such as a pragma.
    func number(_ text: String) throws(SQLiteFault) -> Int64 {
        let statement = try unsafe Statement(handle, text)
        return try statement.step() ? statement.integer(0) : 0
    }

    /// The same for a text.
    func word(_ text: String) throws(SQLiteFault) -> String {
        let statement = try unsafe Statement(handle, text)
        return try statement.step() ? statement.text(0) : ""
    }

    private static func milliseconds(_ span: Duration) -> Int32 {
        Int32(min(max(span.wholeMilliseconds, 0), 3_600_000))
    }

    /// Sets how long statements wait for another process, and how much memory pages may take.
    func limit(_ configuration: SQLiteJournalConfiguration) throws(SQLiteFault) {
        lockWait = Self.milliseconds(configuration.lockWait)
        readerWait = Self.milliseconds(configuration.readerWait)
        unsafe sqlite3_busy_timeout(handle, lockWait)
        // A negative size is one in KiB; a mapped file turns a failing disk into a signal.
        try execute("PRAGMA cache_size = -\(max(configuration.cacheByteCount >> 10, 64))")
        try execute("PRAGMA mmap_size = 0")
        try execute("PRAGMA temp_store = MEMORY")
    }

    /// Copies what the write-ahead log holds into the database.
    ///
    /// - Parameter waiting: Also waits a moment for readers, so that the log begins anew.
    /// - Returns: Whether all of it was copied; false when readers held some of it back.
    /// - Throws: What SQLite gives; the log then holds everything still.
    func checkpoint(waiting: Bool) throws(SQLiteFault) -> Bool {
        var logged: Int32 = 0
        var copied: Int32 = 0
        if waiting { unsafe sqlite3_busy_timeout(handle, readerWait) }
        defer { if waiting { unsafe sqlite3_busy_timeout(handle, lockWait) } }
        let mode = waiting ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let status = unsafe sqlite3_wal_checkpoint_v2(handle, nil, mode, &logged, &copied)
        let isHeldUp = status & 0xFF == SQLITE_BUSY || status & 0xFF == SQLITE_LOCKED
        guard status == SQLITE_OK || isHeldUp else { throw SQLiteFault(code: status) }
        let isWhole = status == SQLITE_OK && logged == copied
        if isWhole, waiting { unsafe walFrameCount.pointee = 0 }
        return isWhole
    }

    private func kept(_ text: StaticString) throws(SQLiteFault) -> Kept {
        let key = unsafe UInt(bitPattern: text.utf8Start)
        if let known = fixed[key] { return known }
        let statement = Kept(try unsafe Statement(handle, "\(text)"))
        fixed[key] = statement
        return statement
    }

    private func kept(composed text: String) throws(SQLiteFault) -> Kept {
        if let known = composed[text] { return known }
        if composed.count >= Self.composedCountMax { composed = [:] }
        let statement = Kept(try unsafe Statement(handle, text))
        composed[text] = statement
        return statement
    }
}

/// Keeps how long the write-ahead log is (sqlite3_wal_hook).
private func noteWALFrames(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ name: UnsafePointer<CChar>?,
    _ frameCount: Int32
) -> Int32 {
    // SAFETY: the context is the number that the connection allocated and outlives the hook.
    unsafe context?.assumingMemoryBound(to: Int32.self).pointee = frameCount
    return SQLITE_OK
}

/// Asks a connection's bound whether its read is to be ended (sqlite3_progress_handler).
private func isBoundReached(_ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context = unsafe context else { return 0 }
    // SAFETY: the context is the bound of the connection that calls.
    return unsafe Unmanaged<ReadBound>.fromOpaque(context).takeUnretainedValue().isReached ? 1 : 0
}
