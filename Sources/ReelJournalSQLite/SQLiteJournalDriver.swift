package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// A journal in one SQLite file: one thread writes and checkpoints, others read.
///
/// SQLite up to 3.51.2 can damage a database that two connections write or checkpoint at the same
/// moment (sqlite.org/wal.html, "the WAL-reset bug"), so no other connection ever does either: a
/// lock keeps a second service out, and `openReadOnly` gives a driver that cannot write.
package final class SQLiteJournalDriver: JournalDriver {
    let readers: JournalReaders
    /// Nil when the journal is only read.
    let writer: JournalWriter?
    let metrics: JournalMetrics
    /// What of the space that nothing uses is kept.
    let spareByteCount: Int
    private let isClosing = Locked(false)
    private let closed = Latch()

    private init(
        readers: JournalReaders,
        writer: JournalWriter?,
        metrics: JournalMetrics,
        spareByteCount: Int
    ) {
        self.readers = readers
        self.writer = writer
        self.metrics = metrics
        self.spareByteCount = spareByteCount
    }

    /// Opens a journal, and makes the file (not its directory) where there is none.
    ///
    /// It blocks while tables are made or brought to this version's schema.
    ///
    /// - Throws: `.inUse`, `.newerSchema`, `.otherTables`, `.corrupt`, `.cannotOpen`, `.full` or
    ///   `.io`.
    package static func open(
        path: String,
        configuration: SQLiteJournalConfiguration = SQLiteJournalConfiguration(),
        logger: Logger,
        metrics: Metrics,
        time: any TimeSource = SystemTimeSource(),
        ground: SQLiteGround = SQLiteGround()
    ) throws(JournalError) -> SQLiteJournalDriver {
        let file = try JournalFile(path: path, in: ground.files)
        let journalMetrics = JournalMetrics(metrics)
        let connection: Connection
        do throws(JournalError) {
            connection = try firstConnection(file, configuration, ground)
        } catch {
            // What is kept for a full disk is kept for this, too.
            guard error == .full else { throw error }
            file.removeReserve()
            connection = try firstConnection(file, configuration, ground)
        }
        let readers = try readingConnections(path, .reader, configuration, ground)
        for reader in readers {
            reader.bind(to: ReadBound(.span(configuration.readSpanMax, time)))
        }
        return SQLiteJournalDriver(
            readers: JournalReaders(readers, configuration: configuration, ground: ground),
            writer: JournalWriter(
                connection,
                of: file,
                configuration: configuration,
                ground: ground,
                metrics: journalMetrics,
                logger: logger.named("journal"),
                time: time,
                // It keeps the lock for as long as the writer's thread lives.
                open: { () throws(JournalError) in
                    try file.settleLog()
                    return try writingConnection(file, configuration, ground)
                }
            ),
            metrics: journalMetrics,
            spareByteCount: configuration.spareByteCount
        )
    }

    /// Opens a journal to look at it, beside a service that has it open or without one.
    ///
    /// Whatever would write throws `.driver(code: 8)`, which is `SQLITE_READONLY`.
    ///
    /// - Throws: `.newerSchema`, `.otherTables`, `.corrupt` or `.cannotOpen`.
    package static func openReadOnly(
        path: String,
        configuration: SQLiteJournalConfiguration = SQLiteJournalConfiguration(),
        ground: SQLiteGround = SQLiteGround()
    ) throws(JournalError) -> SQLiteJournalDriver {
        let connections = try readingConnections(path, .onlooker, configuration, ground)
        for connection in connections {
            // An older schema has other tables; it is for a service to bring it up to date.
            guard try Schema.version(of: connection) == Schema.version else { throw .cannotOpen }
        }
        if let first = connections.first { try Schema.verify(first) }
        let limit = configuration.onlookerLimit(ground.files.resolved(path))
        for connection in connections { connection.bind(to: ReadBound(limit)) }
        return SQLiteJournalDriver(
            readers: JournalReaders(connections, configuration: configuration, ground: ground),
            writer: nil,
            metrics: JournalMetrics(Metrics()),
            spareByteCount: configuration.spareByteCount
        )
    }

    private static let endLeases = """
        UPDATE runs INDEXED BY runs_timed SET claimable_at = 0
        WHERE is_ready = 0 AND state <= 2 AND state = 1 AND claimable_at > 0
        """

    private static let callAll = """
        UPDATE runs INDEXED BY runs_in_turn SET claimable_at = 0
        WHERE is_ready = 0 AND state = 2 AND reason_code = 'waiting_for_turn'
        """

    private static func firstConnection(
        _ file: JournalFile,
        _ configuration: SQLiteJournalConfiguration,
        _ ground: SQLiteGround
    ) throws(JournalError) -> Connection {
        try examine(file.path, configuration, ground)
        try file.settleLog()
        let connection = try writingConnection(file, configuration, ground)
        do throws(SQLiteFault) {
            // The lock says that whoever held a lease is gone: nobody waits for it to end, nor for
            // who knew of those that wait for their turn at a target.
            try connection.execute(endLeases)
            try connection.execute(callAll)
        } catch {
            // On a disk without room for that, their time comes by itself.
            guard error.journalError == .full else { throw error.journalError }
        }
        return connection
    }

    /// Looks at a file that may not be ours to change by a connection that cannot change it.
    ///
    /// One that a kill in its first moments left half made is a writer's to roll back first.
    private static func examine(
        _ path: String,
        _ configuration: SQLiteJournalConfiguration,
        _ ground: SQLiteGround
    ) throws(JournalError) {
        let onlooker = try attempt { () throws(SQLiteFault) -> Connection? in
            let connection = try Connection(path: path, role: .onlooker, ground)
            do throws(SQLiteFault) {
                try connection.limit(configuration)
            } catch {
                guard error == .rollbackDue else { throw error }
                return nil
            }
            return connection
        }
        guard let onlooker, try Schema.version(of: onlooker) == Schema.version else { return }
        try Schema.verify(onlooker)
    }

    private static func writingConnection(
        _ file: JournalFile,
        _ configuration: SQLiteJournalConfiguration,
        _ ground: SQLiteGround
    ) throws(JournalError) -> Connection {
        let connection = try attempt { () throws(SQLiteFault) in
            let connection = try Connection(path: file.path, role: .writer, ground)
            try connection.limit(configuration)
            return connection
        }
        // Before anything is changed in a file that may be somebody else's.
        let found = try Schema.version(of: connection)
        let mode = try attempt { () throws(SQLiteFault) in
            // Before the first page is written: it decides where the others go.
            if found == 0 { try connection.execute("PRAGMA auto_vacuum = INCREMENTAL") }
            let mode = try connection.word("PRAGMA journal_mode = WAL")
            try connection.execute("PRAGMA synchronous = FULL")
            try connection.execute(
                "PRAGMA journal_size_limit = \(configuration.checkpointByteCount)"
            )
            let pages = configuration.byteCountMax / Int64(connection.pageByteCount)
            try connection.execute("PRAGMA max_page_count = \(max(pages, 1))")
            try Schema.migrate(connection, from: found)
            return mode
        }
        try Schema.verify(connection, mayStamp: true)
        let isDurable = try attempt { () throws(SQLiteFault) in
            if found == 0 { try Schema.settle(connection, configuration) }
            try KeyIndex.catchUp(connection)
            if found > 0 { try Schema.renew(connection, configuration) }
            let synchronous = try connection.number("PRAGMA synchronous")
            return mode == "wal" && synchronous == 2
        }
        // On a file system without shared memory there is no write-ahead log.
        guard isDurable else { throw .cannotOpen }
        try file.synchronizeNames()
        // From here on SQLite waits for the disk around checkpoints, and for each commit the writer
        // does (sqlite.org/pragma.html#pragma_synchronous, "WAL mode").
        try attempt { () throws(SQLiteFault) in
            try connection.execute("PRAGMA synchronous = NORMAL")
        }
        return connection
    }

    private static func readingConnections(
        _ path: String,
        _ role: Connection.Role,
        _ configuration: SQLiteJournalConfiguration,
        _ ground: SQLiteGround
    ) throws(JournalError) -> [Connection] {
        try attempt { () throws(SQLiteFault) in
            var connections: [Connection] = []
            for _ in 0..<max(configuration.readerCount, 1) {
                let connection = try Connection(path: path, role: role, ground)
                try connection.limit(configuration)
                try connection.execute("PRAGMA query_only = 1")
                connections.append(connection)
            }
            return connections
        }
    }

    private static func attempt<Value>(
        _ work: () throws(SQLiteFault) -> Value
    ) throws(JournalError) -> Value {
        do throws(SQLiteFault) {
            return try work()
        } catch {
            throw error.journalError
        }
    }

    /// Finishes what was accepted and closes; the last to let go of the file is the writer, which
    /// leaves no write-ahead log behind.
    package func close() async {
        let isFirst = isClosing.withLock { isClosing in
            defer { isClosing = true }
            return !isClosing
        }
        guard isFirst else { return await closed.waitRegardless() }
        await readers.close()
        await writer?.close()
        closed.open()
    }

    /// What SQLite finds wrong with the file when it reads all of it, at most a hundred faults.
    ///
    /// It takes as long as reading the file does, on one of the readers' threads.
    package func integrityFaults() async throws(JournalError) -> [String] {
        try await read { (tables) throws(SQLiteFault) in
            try tables.connection.rows("PRAGMA integrity_check(100)") { $0.text(0) }
                .filter { $0 != "ok" }
        }
    }

    /// Changes how large the database may grow, while it is open.
    ///
    /// What is there stays: a limit below the present size only keeps it from growing.
    package func limitSize(to byteCount: Int64) async throws(JournalError) {
        try await write { (tables) throws(SQLiteFault) in
            let pages = max(byteCount / Int64(tables.connection.pageByteCount), 1)
            try tables.connection.execute("PRAGMA max_page_count = \(pages)")
        }
    }
}
