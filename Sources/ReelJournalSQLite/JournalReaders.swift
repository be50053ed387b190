internal import ReelJournal
internal import ReelRuntime

/// The threads that read, each through a connection that can do nothing else.
final class JournalReaders: Sendable {
    private struct Reader {
        let queue: BlockingQueue<any TableWork>
        let worker: any QueueWorker
    }

    private struct State {
        var readers: [Reader] = []
        /// Works that each reader has been given and not finished.
        var loads: [Int] = []
    }

    private let state = Locked(State())

    /// Starts a thread for each connection, which owns it from now on.
    init(
        _ connections: [Connection],
        configuration: SQLiteJournalConfiguration,
        ground: SQLiteGround
    ) {
        let readers = connections.map { connection in
            let queue = BlockingQueue<any TableWork>(capacity: configuration.queuedReadCountMax)
            let handover = Locked<Connection?>(connection)
            let worker = ground.workers.serve(
                queue,
                as: "journal-reader",
                batchCountMax: configuration.queuedReadCountMax
            ) {
                let tables = handover.withLock { $0.take() }.map { JournalTables($0) }
                return { works in
                    guard let tables else { return }
                    for work in works { Self.perform(work, tables) }
                }
            }
            return Reader(queue: queue, worker: worker)
        }
        state.withLock { state in
            state.readers = readers
            state.loads = readers.map { _ in 0 }
        }
    }

    deinit {
        for reader in state.withLock({ $0.readers }) { reader.queue.close() }
    }

    /// Queues work for the reader that has least to do.
    ///
    /// - Returns: Nil when it was queued, and why not otherwise.
    func put(_ work: any TableWork) -> JournalError? {
        let chosen = state.withLock { state -> (index: Int, queue: BlockingQueue<any TableWork>)? in
            guard
                let index = state.loads.indices.min(by: { state.loads[$0] < state.loads[$1] })
            else { return nil }
            state.loads[index] += 1
            return (index, state.readers[index].queue)
        }
        guard let chosen else { return .closed }
        let counted = CountedWork(work: work) { [weak self] in self?.finished(chosen.index) }
        switch chosen.queue.put(counted) {
        case .queued: return nil
        case .full:
            finished(chosen.index)
            return .overloaded
        case .closed:
            finished(chosen.index)
            return .closed
        }
    }

    /// Finishes what was accepted and closes the connections; legal twice, one after the other.
    func close() async {
        let readers = state.withLock { state in
            defer { state = State() }
            return state.readers
        }
        for reader in readers { reader.queue.close() }
        for reader in readers { await reader.worker.ended() }
    }

    private func finished(_ index: Int) {
        state.withLock { state in
            if state.loads.indices.contains(index) { state.loads[index] -= 1 }
        }
    }

    /// One state of the tables for all that the work reads.
    private static func perform(_ work: any TableWork, _ tables: JournalTables) {
        tables.connection.bound?.begin()
        do throws(SQLiteFault) {
            try tables.connection.run("BEGIN")
            try work.perform(tables)
            try tables.connection.run("COMMIT")
            work.succeed()
        } catch {
            let fault = error
            if tables.connection.isInTransaction {
                // One that cannot be ended makes the next one fail, which says so.
                do throws(SQLiteFault) { try tables.connection.run("ROLLBACK") } catch {}
            }
            work.fail(fault.journalError)
        }
    }
}

/// Work that says when it is over.
private struct CountedWork: TableWork {
    let work: any TableWork
    let whenOver: @Sendable () -> Void

    func perform(_ tables: JournalTables) throws(SQLiteFault) { try work.perform(tables) }

    func succeed() {
        whenOver()
        work.succeed()
    }

    func fail(_ error: JournalError) {
        whenOver()
        work.fail(error)
    }
}
