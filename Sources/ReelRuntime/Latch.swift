/// Something that happens once, such as the wish to stop, and whom it concerns can wait for it.
package final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var next = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Waiters that were cancelled before they had come to wait.
        var cancelled: Set<Int> = []
    }

    private let state = Locked(State())

    package init() {}

    package var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Lets everybody go on, those who come later too.
    ///
    /// Legal twice.
    package func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until it is open, even in a task that is cancelled: for what has to be over first.
    package func waitRegardless() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                guard !state.isOpen else { return true }
                state.next += 1
                state.waiters[state.next] = continuation
                return false
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Waits until it is open, or until the task is cancelled.
    package func wait() async {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    guard !state.isOpen, state.cancelled.remove(key) == nil else { return true }
                    state.waiters[key] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: key)
                if waiter == nil, !state.isOpen { state.cancelled.insert(key) }
                return waiter
            }
            waiter?.resume()
        }
        state.withLock { _ = $0.cancelled.remove(key) }
    }
}
