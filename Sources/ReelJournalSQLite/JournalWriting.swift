internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// What the writer's thread does: batches into transactions, checkpoints, and opening the journal
/// anew after the disk has failed.
///
/// A work is performed in the open transaction, committed with it, and then synchronized:
/// its pages are on disk, and it is told. What is performed while a commit is being synchronized
/// waits for that, so that a slow disk makes larger transactions and not more of them.
final class JournalWriting {
    /// Opens the write-ahead log, which is there once something was committed.
    typealias OpenLog = @Sendable () throws(JournalError) -> any OpenJournalFile
    /// Copies the log into the database, waiting for readers or not; whether all was copied.
    typealias Checkpoint = (Connection, Bool) throws(SQLiteFault) -> Bool

    /// Nil after the disk has failed, until the journal is open again; no work is held then.
    private var tables: JournalTables?
    /// Nil until something was committed through the present connection.
    private var log: (any OpenJournalFile)?
    /// Works of the open transaction; none when none is open.
    private var performed: [any TableWork] = []
    private var startedAt = Duration.zero
    /// Works that are committed and not on their way to the disk.
    private var committed: [any TableWork] = []
    /// Works that the synchronizer's thread has; none when it has nothing to do.
    private var synchronizingCount = 0
    private var isEnding = false

    private let configuration: SQLiteJournalConfiguration
    private let synchronizer: LogSynchronizer
    private let ending: WorkEnding
    private let openLog: OpenLog
    private let open: @Sendable () throws(JournalError) -> Connection
    private let checkpoint: Checkpoint
    private let findReaders: @Sendable () -> [String]
    private let reserve: DiskReserve?
    private var checkpointedPageCount = 0
    /// No checkpoint is tried before this moment of `time.uptime()`.
    private var checkpointPause: Duration?
    /// Nobody waits for readers before it.
    private var readerPause: Duration?
    /// The same for the index of keys.
    private var keysPause: Duration?

    private var metrics: JournalMetrics { ending.metrics }
    private var logger: Logger { ending.logger }
    private var time: any TimeSource { ending.time }

    init(
        _ connection: Connection,
        configuration: SQLiteJournalConfiguration,
        synchronizer: LogSynchronizer,
        ending: WorkEnding,
        openLog: @escaping OpenLog,
        open: @escaping @Sendable () throws(JournalError) -> Connection,
        findReaders: @escaping @Sendable () -> [String] = { [] },
        reserve: DiskReserve? = nil,
        checkpoint: @escaping Checkpoint = { (connection, isWaiting) throws(SQLiteFault) in
            try connection.checkpoint(waiting: isWaiting)
        }
    ) {
        tables = JournalTables(connection, configuration: configuration)
        self.configuration = configuration
        self.synchronizer = synchronizer
        self.ending = ending
        self.openLog = openLog
        self.open = open
        self.checkpoint = checkpoint
        self.findReaders = findReaders
        self.reserve = reserve
    }

    /// Works that were taken and not told how they ended, when the writer last knew.
    var heldCount: Int { performed.count + committed.count + synchronizingCount }

    /// Whether nothing more is to be done.
    var isOver: Bool { isEnding && heldCount == 0 }

    /// Follows orders; every work is told how it went, now or after a later order.
    ///
    /// - Parameters:
    ///   - orders: In the order in which they were given.
    ///   - othersWait: Whether there are more in the queue.
    func take(_ orders: [WriterOrder], othersWait: Bool) {
        var works: [any TableWork] = []
        works.reserveCapacity(orders.count)
        for order in orders {
            switch order {
            case .work(let work): works.append(work)
            case .synchronized(let error):
                synchronizingCount = 0
                if let error { abandon(error) }
            case .end: isEnding = true
            }
        }
        if !works.isEmpty { perform(works) }
        guard synchronizingCount == 0 else { return }
        // Once more where a full disk made it begin again.
        while !performed.isEmpty { commit() }
        if !committed.isEmpty { synchronize(othersWait: othersWait) }
    }

    // MARK: Works

    private func perform(_ given: [any TableWork]) {
        let works: [any TableWork]
        let tables: JournalTables
        do throws(JournalError) {
            works = admitted(given, try openTables())
            guard !works.isEmpty else { return }
            // Noting that there is room again may have cost the connection.
            tables = try openTables()
        } catch {
            return ending.fail(given, error)
        }
        do throws(SQLiteFault) {
            if performed.isEmpty { try begin(tables) }
            for work in works { try work.perform(tables) }
            performed += works
        } catch {
            retry(performed + works, tables, after: error)
        }
    }

    private func begin(_ tables: JournalTables) throws(SQLiteFault) {
        startedAt = time.uptime()
        try tables.connection.run("BEGIN IMMEDIATE")
    }

    private func commit() {
        guard let tables else { return }
        do throws(SQLiteFault) {
            try commit(tables)
            committed += performed
            performed = []
        } catch {
            retry(performed, tables, after: error)
        }
    }

    private func commit(_ tables: JournalTables) throws(SQLiteFault) {
        try tables.writeSpan()
        try tables.connection.run("COMMIT")
        tables.noteCommitted()
    }

    /// Rolls back, and performs all works of the transaction again, each in one of its own, when
    /// one of them could not be done for a reason of its own: rare, and cheaper than a savepoint
    /// around every write.
    private func retry(
        _ works: [any TableWork],
        _ tables: JournalTables,
        after error: SQLiteFault
    ) {
        performed = []
        undo(tables, error)
        if error.journalError == .full, letReserveGo(tables) { return perform(works) }
        guard works.count > 1, !error.isOfDisk, self.tables != nil else {
            return ending.fail(works, error.journalError)
        }
        for work in works { performAlone(work) }
    }

    private func performAlone(_ work: any TableWork) {
        let tables: JournalTables
        do throws(JournalError) {
            tables = try openTables()
        } catch {
            return ending.fail([work], error)
        }
        do throws(SQLiteFault) {
            try begin(tables)
            try work.perform(tables)
            try commit(tables)
            committed.append(work)
        } catch {
            undo(tables, error)
            ending.fail([work], error.journalError)
        }
    }

    // MARK: A full disk

    /// What of the works is done now: while the disk is full, nothing new is taken in.
    private func admitted(
        _ works: [any TableWork],
        _ tables: JournalTables
    ) -> [any TableWork] {
        if performed.isEmpty, let reserve, reserve.takeBack() {
            note(tables) { (tables) throws(SQLiteFault) in
                try tables.noteRoom(at: self.time.now())
            }
        }
        // Noting it may have cost the connection.
        if let tables = self.tables, isLogTooLong(tables) { return refused(works, .logTooLong) }
        return reserve?.isShort ?? false ? refused(works, .full) : works
    }

    /// Refuses what brings something new.
    ///
    /// - Returns: The rest.
    private func refused(_ works: [any TableWork], _ error: JournalError) -> [any TableWork] {
        for work in works where work.takesIn {
            metrics.failed(error)
            work.fail(error)
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
        noteShortage(tables)
        return true
    }

    private func noteShortage(_ tables: JournalTables) {
        note(tables) { (tables) throws(SQLiteFault) in
            try tables.noteShortage(at: self.time.now())
        }
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

    // MARK: The disk

    /// Has what is committed synchronized: by the other thread where there is something to do
    /// meanwhile, and here where a change of threads would only take its time.
    private func synchronize(othersWait: Bool) {
        guard let tables else { return }
        let log: any OpenJournalFile
        do throws(JournalError) {
            log = try openedLog()
        } catch {
            return abandon(error)
        }
        let works = CommittedWorks(works: committed, startedAt: startedAt, log: log)
        // The log is not copied while it is being synchronized, since that takes fsyncs of its own;
        // and once the writer ends, nobody waits for the other thread's report.
        let isWorthIt = othersWait || committed.count >= configuration.handoverCount
        if isWorthIt, !isEnding, !isCheckpointDue(tables), synchronizer.put(works) {
            synchronizingCount = committed.count
            committed = []
            return keepKeysIfDue(tables)
        }
        committed = []
        if let error = synchronizer.synchronize(works) { return abandon(error) }
        keepKeysIfDue(tables)
        if let tables = self.tables { checkpointIfDue(tables) }
    }

    private func openedLog() throws(JournalError) -> any OpenJournalFile {
        if let log { return log }
        let opened = try openLog()
        log = opened
        return opened
    }

    /// Fails whatever was to go the same way after a synchronization that failed.
    private func abandon(_ error: JournalError) {
        ending.fail(performed + committed, error)
        performed = []
        committed = []
        if let tables { undo(tables, SQLiteFault.unsynchronized) }
        guard error == .full, let reserve, reserve.letGo() else { return }
        do throws(JournalError) {
            noteShortage(try openTables())
        } catch {
            logger.error("The journal could not be opened again", ["reason": .string(error.code)])
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
        guard isSpoilt else { return }
        self.tables = nil
        log = nil
        // Which pages of them the kernel has given up nobody knows.
        synchronizer.distrust()
        ending.fail(performed + committed, fault.journalError)
        performed = []
        committed = []
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
        guard isCheckpointDue(tables) else { return }
        let isLong = pageCount * pageByteCount >= configuration.walByteCountMax
        copyLog(tables, waiting: isLong && mayWait)
    }

    /// Whether nobody has been waited for a moment ago.
    private var mayWait: Bool { readerPause.map { time.uptime() >= $0 } ?? true }

    /// Whether the log is as long as it may be, and whoever reads does not let go of it.
    private func isLogTooLong(_ tables: JournalTables) -> Bool {
        func byteCount() -> Int {
            tables.connection.walPageCount * tables.connection.pageByteCount
        }
        guard byteCount() >= configuration.heldLogByteCountMax else { return false }
        let isIdle = performed.isEmpty && committed.isEmpty && synchronizingCount == 0
        // Nothing grows that would have it copied, so this is what does.
        if isIdle, mayWait { copyLog(tables, waiting: true) }
        // Without a reader that was waited for, it is this moment's work that makes it long.
        return self.tables != nil && readerPause != nil
            && byteCount() >= configuration.heldLogByteCountMax
    }

    private func copyLog(_ tables: JournalTables, waiting isWaiting: Bool) {
        let pageCount = tables.connection.walPageCount
        let byteCount = pageCount * tables.connection.pageByteCount
        do throws(SQLiteFault) {
            // A copy that stops half-way leaves no room for what runs to be written down, and the
            // log as long as it is.
            if let reserve, reserve.isShort,
                !reserve.hasRoom(toReach: try tables.connection.byteCount())
            {
                checkpointPause = time.uptime() + configuration.checkpointRetryWait
                return
            }
            let isWhole = try checkpoint(tables.connection, isWaiting)
            if isWhole { metrics.checkpoints.increment() }
            // After a copy that was waited for, the log is empty.
            checkpointedPageCount = isWhole && isWaiting ? 0 : pageCount
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
        let readers = findReaders()
        logger.warning(
            "The write-ahead log grows, since somebody reads what was before it",
            [
                "bytes": .integer(byteCount),
                "bound": .integer(configuration.heldLogByteCountMax),
                "processes": .string(
                    readers.isEmpty ? "unknown" : readers.joined(separator: ", ")
                ),
            ]
        )
    }

    private func isCheckpointDue(_ tables: JournalTables) -> Bool {
        let pageCount = tables.connection.walPageCount
        if pageCount < checkpointedPageCount { checkpointedPageCount = 0 }
        let grownByteCount =
            (pageCount - checkpointedPageCount) * tables.connection.pageByteCount
        guard grownByteCount >= configuration.checkpointByteCount else { return false }
        return checkpointPause.map { time.uptime() >= $0 } ?? true
    }
}
