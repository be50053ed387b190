import Dispatch
import ReelRuntime

/// An executor that knows when all tasks that prefer it have come to rest.
///
/// A job that wakes another one does so before it ends, so that none is counted out while there is
/// anything left to do. Tasks at rest wait for something outside: a manual clock, or the test.
package final class SettlingExecutor: TaskExecutor {
    private struct State {
        var jobCount = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())
    private let queue = DispatchQueue(label: "settling", attributes: .concurrent)

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobCount += 1 }
        queue.async {
            unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
            let waiting = self.state.withLock { state in
                state.jobCount -= 1
                guard state.jobCount == 0 else { return [CheckedContinuation<Void, Never>]() }
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Returns as soon as no task on this executor can go on.
    package func settle() async {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                if state.jobCount > 0 { state.waiting.append(continuation) }
                return state.jobCount == 0
            }
            if isSettled { continuation.resume() }
        }
    }
}
