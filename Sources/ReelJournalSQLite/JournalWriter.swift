internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// The thread that writes: it takes whatever has queued up and commits it at once.
///
/// Writes that come together share the one fsync that makes each of them durable, and nobody is
/// told of a write before that. While an fsync is under way, the next writes are performed; they
/// are committed when the disk is free.
final class JournalWriter: Sendable {
    private let queue: BlockingQueue<WriterOrder>
    private let worker: any QueueWorker
    private let synchronizer: LogSynchronizer
    let unheard = UnheardClaims()
    private let isClosing = Locked(false)
    private let closed = Latch()

    /// Starts the threads, one of which owns the connection from now on; after the disk has failed,
    /// it opens another one like it by `open`.
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
        let queue = BlockingQueue<WriterOrder>(capacity: configuration.queuedWriteCountMax)
        let handover = Locked<Connection?>(connection)
        let ending = WorkEnding(metrics: metrics, logger: logger, time: time)
        let synchronizer = LogSynchronizer(on: ground.workers, ending: ending) { error in
            // Refused only once the writer has gone, which does not go while it waits for this.
            _ = queue.putUrgent(.synchronized(error))
        }
        self.queue = queue
        self.synchronizer = synchronizer
        worker = ground.workers.serve(
            queue,
            as: "journal-writer",
            batchCountMax: configuration.batchCountMax
        ) {
            let writing = handover.withLock { $0.take() }.map { connection in
                JournalWriting(
                    connection,
                    configuration: configuration,
                    synchronizer: synchronizer,
                    ending: ending,
                    openLog: { () throws(JournalError) in try file.openLog() },
                    open: open,
                    findReaders: { file.readers },
                    reserve: DiskReserve(
                        beside: file,
                        byteCount: configuration.reserveByteCount,
                        metrics: metrics,
                        logger: logger,
                        time: time
                    )
                )
            }
            return { orders in
                guard let writing else { return }
                writing.take(orders, othersWait: queue.count > 0)
                metrics.queuedWrites.set(Int64(writing.heldCount + queue.count))
                queue.hold(writing.heldCount)
                if writing.isOver { queue.close() }
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
        guard !isClosing.withLock({ $0 }) else { return .closed }
        return switch queue.put(.work(work)) {
        case .queued: nil
        case .full: .overloaded
        case .closed: .closed
        }
    }

    /// Commits what was accepted and closes the connection; legal twice.
    func close() async {
        let isFirst = isClosing.withLock { isClosing in
            defer { isClosing = true }
            return !isClosing
        }
        guard isFirst else { return await closed.waitRegardless() }
        _ = queue.putUrgent(.end)
        await worker.ended()
        await synchronizer.close()
        closed.open()
    }
}
