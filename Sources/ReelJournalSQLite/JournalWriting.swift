internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// What the writer's thread does: batches into transactions, checkpoints, and opening the journal
/// anew after the disk has failed.
final class JournalWriting {
    /// Nil after the disk has failed, until the journal is open again.
    private var tables: JournalTables?
    private let configuration: SQLiteJournalConfiguration
    private let metrics: JournalMetrics
    private let logger: Logger
    private let time: any TimeSource
    private let open: @Sendable () throws(JournalError) -> Connection
    private let checkpoint: Checkpoint
    private let reserve: DiskReserve?
    private var checkpointedPageCount = 0
    /// No checkpoint is tried before this moment of `time.uptime()`.
    private var checkpointPause: Duration?
    /// Nobody waits for readers before it.
    private var readerPause: Duration?
    /// The same for the index of keys.
    private var keysPause: Duration?

    /// Copies the log into the database, waiting for readers or not; whether all was copied.
    typealias Checkpoint = (Connection, Bool) throws(SQLiteFault) -> Bool

    init(
        _ connection: Connection,
        configuration: SQLiteJournalConfiguration,
        metrics: JournalMetrics,
        logger: Logger,
        time: any TimeSource,
        open: @escaping @Sendable () throws(JournalError) -> Connection,
        reserve: DiskReserve? = nil,
        checkpoint: @escaping Checkpoint = { (connection, isWaiting) throws(SQLiteFault) in
            try connection.checkpoint(waiting: isWaiting)
        }
    ) {
        tables = JournalTables(connection, configuration: configuration)
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.time = time
        self.open = open
        self.checkpoint = checkpoint
        self.reserve = reserve
    }

    /// Performs the works in one transaction and tells each of them how it went.
    ///
    /// When one of them cannot be done for a reason of its own, all are performed again, each in a
    /// transaction: rare, and cheaper than a savepoint around every write.
    func commit(_ given: [any TableWork]) {
        let tables: JournalTables
        do throws(JournalError) {
            tables = try openTables()
        } catch {
            return fail(given, error)
        }
        let works = admitted(given, tables)
        guard !works.isEmpty else { return }
        do throws(SQLiteFault) {
            try transact(works, tables)
            HeldWakes.hold { for work in works { work.succeed() } }
        } catch {
            undo(tables, error)
            if error.journalError == .full, letReserveGo(tables) { return commit(works) }
            guard works.count > 1, !error.isOfDisk, self.tables != nil else {
                return fail(works, error.journalError)
            }
            for work in works { commit([work]) }
            return
        }
        keepKeysIfDue(tables)
        checkpointIfDue(tables)
    }

    private func transact(
        _ works: [any TableWork],
        _ tables: JournalTables
    ) throws(SQLiteFault) {
        let start = time.uptime()
        try tables.connection.run("BEGIN IMMEDIATE")
        for work in works { try work.perform(tables) }
        try tables.writeSpan()
        try tables.connection.run("COMMIT")
        tables.noteCommitted()
        metrics.commits.increment()
        metrics.commitSeconds.observe(time.uptime() - start)
        metrics.writesPerCommit.observe(Double(works.count))
    }

    // MARK: A full disk

    /// What of the works is done now: while the disk is full, nothing new is taken in.
    private func admitted(
        _ works: [any TableWork],
        _ tables: JournalTables
    ) -> [any TableWork] {
        guard let reserve, reserve.isShort else { return works }
        if reserve.takeBack() {
            note(tables) { (tables) throws(SQLiteFault) in
                try tables.noteRoom(at: self.time.now())
            }
            return works
        }
        for work in works where work.takesIn {
            metrics.failed(.full)
            work.fail(.full)
        }
        return works.filter { !$0.takesIn }
    }

    /// Gives away what is kept in reserve, and writes down that the disk is full.
    ///
    /// - Returns: Whether there was any; false also when the database has its own bound to blame.
    private func letReserveGo(_ tables: JournalTables) -> Bool {
        guard let reserve, !reserve.isShort, (try? tables.isNearSizeLimit()) == false,
            reserve.letGo()
        else { return false }
        note(tables) { (tables) throws(SQLiteFault) in
            try tables.noteShortage(at: self.time.now())
        }
        return true
    }

    /// Writes a mark in a transaction of its own; that it cannot be is told, and holds nothing up.
    private func note(
        _ tables: JournalTables,
        _ write: (JournalTables) throws(SQLiteFault) -> Void
    ) {
        do throws(SQLiteFault) {
            try tables.connection.run("BEGIN IMMEDIATE")
            try write(tables)
            try tables.connection.run("COMMIT")
        } catch {
            logger.error(
                "That the disk is full, or was, could not be written down",
                ["reason": .string(error.journalError.code)]
            )
            undo(tables, error)
        }
    }

    private func openTables() throws(JournalError) -> JournalTables {
        if let tables { return tables }
        let opened = JournalTables(try open(), configuration: configuration)
        metrics.reopenings.increment()
        logger.info("The journal is open again")
        tables = opened
        return opened
    }

    /// Rolls back, and lets go of a connection that is not to be trusted after this.
    private func undo(_ tables: JournalTables, _ fault: SQLiteFault) {
        tables.forget()
        var isSpoilt = fault.spoilsConnection
        if tables.connection.isInTransaction {
            do throws(SQLiteFault) {
                try tables.connection.run("ROLLBACK")
            } catch {
                isSpoilt = true
            }
        }
        if isSpoilt { self.tables = nil }
    }

    private func fail(_ works: [any TableWork], _ error: JournalError) {
        logger.error(
            "Writes to the journal failed",
            ["reason": .string(error.code), "count": .integer(works.count)]
        )
        for work in works {
            metrics.failed(error)
            work.fail(error)
        }
    }

    /// Does a bounded piece of the index of keys' work, which nobody waits for.
    private func keepKeysIfDue(_ tables: JournalTables) {
        if let keysPause, time.uptime() < keysPause { return }
        guard let keys = tables.dueKeys else { return }
        do throws(SQLiteFault) {
            try tables.connection.run("BEGIN IMMEDIATE")
            try keys.step()
            try tables.connection.run("COMMIT")
            keysPause = nil
        } catch {
            logger.error(
                "Keys of the journal could not be put in order",
                ["reason": .string(error.journalError.code), "code": .integer(Int(error.code))]
            )
            // They are in the entries' rows all the same, from which they are read again.
            keysPause = time.uptime() + configuration.checkpointRetryWait
            tables.forgetKeys()
            undo(tables, error)
        }
    }

    /// Copies the log into the database once it has grown by the configured length.
    ///
    /// A copy of everything lets the next commit begin the log anew, unless a reader holds it; only
    /// when it has grown beyond its bound does the writer wait for that reader.
    private func checkpointIfDue(_ tables: JournalTables) {
        let pageByteCount = tables.connection.pageByteCount
        let pageCount = tables.connection.walPageCount
        metrics.walByteCount.set(Int64(pageCount * pageByteCount))
        if pageCount < checkpointedPageCount { checkpointedPageCount = 0 }
        let grownByteCount = (pageCount - checkpointedPageCount) * pageByteCount
        guard grownByteCount >= configuration.checkpointByteCount else { return }
        if let checkpointPause, time.uptime() < checkpointPause { return }
        let byteCount = pageCount * pageByteCount
        let mayWait = readerPause.map { time.uptime() >= $0 } ?? true
        let isWaiting = byteCount >= configuration.walByteCountMax && mayWait
        do throws(SQLiteFault) {
            let isWhole = try checkpoint(tables.connection, isWaiting)
            if isWhole { metrics.checkpoints.increment() }
            checkpointedPageCount = pageCount
            checkpointPause = nil
            if isWaiting { noteWaited(isWhole, byteCount) }
        } catch {
            metrics.failedCheckpoints.increment()
            logger.error(
                "The write-ahead log was not copied into the database",
                ["reason": .string(error.journalError.code), "code": .integer(Int(error.code))]
            )
            // The log holds what was to be copied, so nothing is lost; it grows until it is.
            checkpointPause = time.uptime() + configuration.checkpointRetryWait
            undo(tables, error)
        }
    }

    /// Takes that readers were waited for, and says so when they did not let go.
    private func noteWaited(_ isWhole: Bool, _ byteCount: Int) {
        guard !isWhole else { return readerPause = nil }
        readerPause = time.uptime() + configuration.readerWaitInterval
        metrics.heldCheckpoints.increment()
        logger.warning(
            "The write-ahead log grows, since somebody reads what was before it",
            ["bytes": .integer(byteCount), "bound": .integer(configuration.walByteCountMax)]
        )
    }
}
