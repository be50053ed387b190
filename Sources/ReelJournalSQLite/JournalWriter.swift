internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// The thread that writes: it takes whatever has queued up and commits it at once.
///
/// Writes that come together share the one fsync that makes each of them durable, and nobody is
/// told of a write before the commit that holds it.
final class JournalWriter: Sendable {
    private let queue: BlockingQueue<any TableWork>
    private let ended = Latch()
    private let thread: Locked<NamedThread?>

    /// Starts the thread, which owns the connection from now on; after the disk has failed, it
    /// opens another one like it by `open`.
    init(
        _ connection: Connection,
        configuration: SQLiteJournalConfiguration,
        metrics: JournalMetrics,
        logger: Logger,
        time: any TimeSource,
        open: @escaping @Sendable () throws(JournalError) -> Connection
    ) {
        let queue = BlockingQueue<any TableWork>(capacity: configuration.queuedWriteCountMax)
        let ended = ended
        let handover = Locked<Connection?>(connection)
        self.queue = queue
        thread = Locked(
            NamedThread("journal-writer") {
                defer { ended.open() }
                let connection = handover.withLock { connection in
                    defer { connection = nil }
                    return connection
                }
                guard let connection else { return }
                let writing = JournalWriting(
                    connection,
                    configuration: configuration,
                    metrics: metrics,
                    logger: logger,
                    time: time,
                    open: open
                )
                while true {
                    let works = queue.take(atMost: configuration.batchCountMax)
                    if works.isEmpty { return }
                    metrics.queuedWrites.set(Int64(works.count + queue.count))
                    writing.commit(works)
                }
            }
        )
    }

    deinit { queue.close() }

    /// Queues work for the next commit.
    ///
    /// - Returns: Nil when it was queued, and why not otherwise.
    func put(_ work: any TableWork) -> JournalError? {
        switch queue.put(work) {
        case .queued: nil
        case .full: .overloaded
        case .closed: .closed
        }
    }

    /// Commits what was accepted and closes the connection; legal twice.
    func close() async {
        queue.close()
        await ended.wait()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }
}
