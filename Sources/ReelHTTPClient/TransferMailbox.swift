internal import ReelRuntime

/// What tasks tell the client's thread, which sleeps in libcurl's poll and is woken through it.
final class TransferMailbox: Sendable {
    enum Command {
        case start(Transfer)
        /// The reader has made room.
        case resume(Transfer)
        /// The reader has given up.
        case end(Transfer)
    }

    /// What the thread takes at once.
    struct Batch {
        var commands: [Command] = []
        var isStopped = false
    }

    private struct State {
        var batch = Batch()
        /// Transfers that were started and have not been reported as over.
        var openCount = 0
    }

    private let state = Locked(State())
    private let multi: CurlMulti
    private let openCountMax: Int

    init(multi: CurlMulti, openCountMax: Int) {
        self.multi = multi
        self.openCountMax = openCountMax
    }

    /// Hands a transfer to the thread.
    ///
    /// - Throws: `HTTPClientError.overloaded`, or `.cancelled` once the client is stopped.
    func start(_ transfer: Transfer) throws(HTTPClientError) {
        let wakes = try state.withLock { state throws(HTTPClientError) in
            guard !state.batch.isStopped else { throw .cancelled }
            guard state.openCount < openCountMax else { throw .overloaded }
            state.openCount += 1
            state.batch.commands.append(.start(transfer))
            return state.batch.commands.count == 1
        }
        if wakes { multi.wakeUp() }
    }

    /// Tells the thread something of a transfer that it has.
    ///
    /// A transfer sends one `end` at most and one `resume` for each pause, so their number is
    /// bounded by that of the open transfers.
    func send(_ command: Command) {
        let wakes = state.withLock { state in
            state.batch.commands.append(command)
            return state.batch.commands.count == 1
        }
        if wakes { multi.wakeUp() }
    }

    func stop() {
        state.withLock { $0.batch.isStopped = true }
        multi.wakeUp()
    }

    /// Takes everything that was sent; for the thread.
    func take() -> Batch {
        state.withLock { state in
            let batch = state.batch
            state.batch.commands = []
            return batch
        }
    }

    /// A transfer is over; for the thread.
    func closed() {
        state.withLock { $0.openCount -= 1 }
    }
}
