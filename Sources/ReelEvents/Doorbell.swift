package import ReelRuntime

/// A hint that there is something to look at, kept until it is heard.
///
/// Anybody rings, from any thread and as often as they like; one task at a time waits. A ring while
/// nobody waits is kept, and several are one: whoever hears it looks at everything.
package final class Doorbell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())

    package init() {}

    /// Wakes who waits, or is kept for whoever waits next; callable from any thread.
    package func ring() {
        let waiter = state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            if waiter == nil { state.isRung = true }
            return waiter
        }
        waiter?.resume()
    }

    /// Waits until it rings, at most for a span of monotonic time, or until the task is cancelled.
    ///
    /// It returns at once when it has rung before or when the span is not positive.
    package func wait(atMost span: Duration, _ time: any TimeSource) async {
        guard !takeRing(), span > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.heard() }
            group.addTask { try? await time.sleep(for: span) }
            await group.next()
            group.cancelAll()
        }
    }

    private func takeRing() -> Bool {
        state.withLock { state in
            defer { state.isRung = false }
            return state.isRung
        }
    }

    private func heard() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    precondition(state.waiter == nil, "one task waits at a doorbell")
                    // The flag is set before the handler below runs, so one of the two sees it.
                    guard !state.isRung, !Task.isCancelled else {
                        state.isRung = false
                        return false
                    }
                    state.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
