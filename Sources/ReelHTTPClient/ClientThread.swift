internal import ReelRuntime

/// A thread whose end can be awaited without blocking, and which is joined once.
final class ClientThread: Sendable {
    private struct State {
        var isOver = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Locked<State>
    private let isJoined = Locked(false)
    private let thread: NamedThread

    init(_ body: @escaping @Sendable () -> Void) {
        let state = Locked(State())
        self.state = state
        thread = NamedThread("reel-curl") {
            body()
            let waiters = state.withLock { state in
                state.isOver = true
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    /// Waits until the body has returned.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Joins the thread, which is known to be about to end; legal twice.
    func join() {
        let isFirst = isJoined.withLock { joined in
            defer { joined = true }
            return !joined
        }
        if isFirst { thread.join() }
    }
}
