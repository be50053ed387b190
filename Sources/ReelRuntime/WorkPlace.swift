/// Where work that blocks is done: on threads of its own, unless a simulation has another place.
package protocol WorkPlace: Sendable {
    /// Hands what is put into a queue to a body, in batches, one after the other, until the queue
    /// is closed and drained.
    ///
    /// `makeBody` is called once, where the body then runs, so that a body may own what no other
    /// thread may touch. It is let go of when the queue is drained.
    func serve<Element: Sendable>(
        _ queue: BlockingQueue<Element>,
        as name: String,
        batchCountMax: Int,
        makeBody: @escaping @Sendable () -> ([Element]) -> Void
    ) -> any QueueWorker
}

/// Whoever serves a queue, and can be waited for.
package protocol QueueWorker: Sendable {
    /// Suspends the caller until the queue is closed and drained and the body let go of.
    func ended() async
    /// Blocks the caller until then; called at most once by the two together, and never before the
    /// queue is closed.
    func join()
}

/// A thread for each queue.
package struct ThreadPlace: WorkPlace {
    package init() {}

    package func serve<Element: Sendable>(
        _ queue: BlockingQueue<Element>,
        as name: String,
        batchCountMax: Int,
        makeBody: @escaping @Sendable () -> ([Element]) -> Void
    ) -> any QueueWorker {
        let ending = Ending()
        let thread = NamedThread(name) {
            defer { ending.come() }
            let body = makeBody()
            while true {
                let batch = queue.take(atMost: batchCountMax)
                if batch.isEmpty { return }
                body(batch)
            }
        }
        return ThreadWorker(thread: thread, ending: ending)
    }
}

/// The thread of a queue.
private struct ThreadWorker: QueueWorker {
    let thread: NamedThread
    let ending: Ending

    func ended() async {
        await ending.wait()
        thread.join()
    }

    func join() { thread.join() }
}

/// The end of a thread, for the one who waits for it, cancelled or not.
private final class Ending: Sendable {
    private struct State {
        var hasCome = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())

    func come() {
        let waiter = state.withLock { state in
            state.hasCome = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let hasCome = state.withLock { state in
                if !state.hasCome { state.waiter = continuation }
                return state.hasCome
            }
            if hasCome { continuation.resume() }
        }
    }
}
