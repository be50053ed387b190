internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// The thread that writes: it takes whatever has queued up and commits it at once.
///
/// Writes that come together share the one fsync that makes each of them durable, and nobody is
/// told of a write before the commit that holds it.
final class JournalWriter: Sendable {
    private let queue: BlockingQueue<any TableWork>
    private let worker: any QueueWorker
    private let isClosing = Locked(false)
    private let closed = Latch()

    /// Starts the thread, which owns the connection from now on; after the disk has failed, it
    /// opens another one like it by `open`.
    init(
        _ connection: Connection,
        of file: JournalFile,
        configuration: SQLiteJournalConfiguration,
        ground: SQLiteGround,
        metrics: JournalMetrics,
        logger: Logger,
        time: any TimeSource,
        open: @escaping @Sendable () throws(JournalError) -> Connection
    ) {
        let queue = BlockingQueue<any TableWork>(capacity: configuration.queuedWriteCountMax)
        let handover = Locked<Connection?>(connection)
        self.queue = queue
        worker = ground.workers.serve(
            queue,
            as: "journal-writer",
            batchCountMax: configuration.batchCountMax
        ) {
            let writing = handover.withLock { $0.take() }.map { connection in
                JournalWriting(
                    connection,
                    configuration: configuration,
                    metrics: metrics,
                    logger: logger,
                    time: time,
                    open: open,
                    reserve: DiskReserve(
                        beside: file,
                        byteCount: configuration.reserveByteCount,
                        metrics: metrics,
                        logger: logger,
                        time: time
                    )
                )
            }
            return { works in
                metrics.queuedWrites.set(Int64(works.count + queue.count))
                writing?.commit(works)
            }
        }
    }

    deinit { queue.close() }

    /// Writes that wait for the next commit.
    var waitingCount: Int { queue.count }

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
        let isFirst = isClosing.withLock { isClosing in
            defer { isClosing = true }
            return !isClosing
        }
        guard isFirst else { return await closed.waitRegardless() }
        await worker.ended()
        closed.open()
    }
}
