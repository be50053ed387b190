internal import ReelRuntime

/// Lets a bounded number of calls run at once; the others wait in turn, up to a bound.
final class CallGate: Sendable {
    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct State {
        var freeCount: Int
        var nextTicket: UInt64 = 0
        /// In the order of their tickets.
        var waiters: [(ticket: UInt64, waiter: Waiter)] = []
        /// Cancelled when they did not wait: not yet, or not any more.
        var cancelled: Set<UInt64> = []
    }

    private enum Entry {
        case entered
        case refused
        case waits(UInt64)
    }

    private let state: Locked<State>
    private let waitingCountMax: Int

    init(countMax: Int, waitingCountMax: Int) {
        state = Locked(State(freeCount: max(1, countMax)))
        self.waitingCountMax = waitingCountMax
    }

    /// Waits for a turn, which `leave` has to give back.
    ///
    /// - Throws: `ProviderError`, `.overloaded` when too many wait already and `.cancelled` when
    ///   the task is cancelled; there is nothing to give back then.
    func enter() async throws(ProviderError) {
        let entry: Entry = state.withLock { state in
            if state.freeCount > 0 {
                state.freeCount -= 1
                return .entered
            }
            guard state.waiters.count < waitingCountMax else { return .refused }
            state.nextTicket += 1
            return .waits(state.nextTicket)
        }
        switch entry {
        case .entered: return
        case .refused: throw ProviderError(.overloaded)
        case .waits(let ticket):
            guard await turn(of: ticket) else { throw ProviderError(.cancelled) }
        }
    }

    /// Gives a turn back, to the one who has waited longest.
    func leave() {
        let next: Waiter? = state.withLock { state in
            guard !state.waiters.isEmpty else {
                state.freeCount += 1
                return nil
            }
            return state.waiters.removeFirst().waiter
        }
        next?.resume(returning: true)
    }

    private func turn(of ticket: UInt64) async -> Bool {
        defer { state.withLock { _ = $0.cancelled.remove(ticket) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.contains(ticket) { return false }
                    // A turn may have become free since the ticket was drawn.
                    if state.freeCount > 0 {
                        state.freeCount -= 1
                        return true
                    }
                    state.waiters.append((ticket, waiter))
                    return nil
                }
                if let answer { waiter.resume(returning: answer) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else {
                    state.cancelled.insert(ticket)
                    return nil
                }
                return state.waiters.remove(at: index).waiter
            }
            waiter?.resume(returning: false)
        }
    }
}
