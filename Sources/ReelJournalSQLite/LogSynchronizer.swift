internal import ReelJournal
internal import ReelRuntime

/// Waits for the disk, on a thread of its own where others wait meanwhile.
///
/// One commit at a time is on its way. A commit is in the log when it is handed over, in pages that
/// the kernel holds; an fsync of the log that begins after that makes it durable.
final class LogSynchronizer: Sendable {
    private let queue = BlockingQueue<CommittedWorks>(capacity: 1)
    private let worker: any QueueWorker
    private let ending: WorkEnding
    private let isTrusted: Locked<Bool>

    /// Starts the thread, which tells by `report` when it has waited.
    init(
        on workers: any WorkPlace,
        ending: WorkEnding,
        report: @escaping @Sendable (JournalError?) -> Void
    ) {
        let isTrusted = Locked(true)
        self.isTrusted = isTrusted
        self.ending = ending
        worker = workers.serve(queue, as: "journal-sync", batchCountMax: 1) {
            { batches in
                for committed in batches {
                    report(Self.synchronize(committed, isTrusted, ending))
                }
            }
        }
    }

    /// Hands a commit to the thread.
    ///
    /// - Returns: False when the thread takes no more.
    func put(_ committed: CommittedWorks) -> Bool {
        isTrusted.withLock { $0 = true }
        switch queue.put(committed) {
        case .queued: return true
        case .full, .closed: return false
        }
    }

    /// Waits here and tells the works how it went.
    ///
    /// - Returns: Why they are not known to be on disk; nil when they are.
    func synchronize(_ committed: CommittedWorks) -> JournalError? {
        isTrusted.withLock { $0 = true }
        return Self.synchronize(committed, isTrusted, ending)
    }

    /// Says that another fsync of the log has failed: of the one that is under way it is not known
    /// which pages the kernel still had.
    func distrust() { isTrusted.withLock { $0 = false } }

    /// Ends the thread once it has done what it was given.
    func close() async {
        queue.close()
        await worker.ended()
    }

    deinit { queue.close() }

    private static func synchronize(
        _ committed: CommittedWorks,
        _ isTrusted: Locked<Bool>,
        _ ending: WorkEnding
    ) -> JournalError? {
        do throws(JournalError) {
            try committed.log.synchronize()
            guard isTrusted.withLock({ $0 }) else { throw .io }
            ending.succeed(committed)
            return nil
        } catch {
            ending.fail(committed.works, error)
            return error
        }
    }
}
