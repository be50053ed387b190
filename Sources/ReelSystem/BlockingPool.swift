package import ReelRuntime

/// Threads for calls that block, apart from the shared pool, which has one per core.
///
/// What is awaited comes back to the caller's own executor. Callers beyond those that run or are
/// queued wait their turn as suspended tasks.
package final class BlockingPool: Sendable {
    private typealias Job = @Sendable () -> Void

    private struct Admission {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let queue: BlockingQueue<Job>
    private let admission: Locked<Admission>
    private let workers: [any QueueWorker]

    /// Starts the threads; they end with `close`.
    package init(
        threadCount: Int,
        name: String = "blocking",
        queueCapacity: Int = 1024,
        at place: any WorkPlace = ThreadPlace()
    ) {
        precondition(threadCount > 0, "a pool has a thread")
        let queue = BlockingQueue<Job>(capacity: queueCapacity)
        self.queue = queue
        admission = Locked(Admission(free: queueCapacity))
        workers = (0..<threadCount).map { index in
            place.serve(queue, as: "\(name)-\(index)", batchCountMax: 1) {
                { jobs in for job in jobs { job() } }
            }
        }
    }

    deinit {
        queue.close()
    }

    /// Runs work that may block on one of the threads.
    ///
    /// A cancelled task's work runs all the same: a call into the kernel cannot be taken back.
    ///
    /// - Throws: What `work` throws.
    package func run<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await enter()
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            let outcome = queue.put {
                let result = Result(catching: work)
                self.leave()
                continuation.resume(returning: result)
            }
            switch outcome {
            case .queued: break
            case .full, .closed: preconditionFailure("work was given to a closed pool")
            }
        }
        return try result.get()
    }

    /// Has work that may block done on one of the threads, and waits for nothing.
    ///
    /// - Returns: Whether there is room for it; without, it is not done.
    package func begin(_ work: @escaping @Sendable () -> Void) -> Bool {
        let isFree = admission.withLock { admission in
            guard admission.free > 0 else { return false }
            admission.free -= 1
            return true
        }
        guard isFree else { return false }
        let outcome = queue.put {
            work()
            self.leave()
        }
        switch outcome {
        case .queued: return true
        case .full, .closed: preconditionFailure("work was given to a closed pool")
        }
    }

    /// Lets queued work finish and joins the threads, blocking the caller until then.
    ///
    /// Called once, when nobody gives work any more.
    package func close() {
        queue.close()
        for worker in workers { worker.join() }
    }

    private func enter() async {
        let isFree = admission.withLock { admission in
            guard admission.free > 0 else { return false }
            admission.free -= 1
            return true
        }
        guard !isFree else { return }
        await withCheckedContinuation { continuation in
            let isFreeByNow = admission.withLock { admission in
                guard admission.free == 0 else {
                    admission.free -= 1
                    return true
                }
                admission.waiting.append(continuation)
                return false
            }
            if isFreeByNow { continuation.resume() }
        }
    }

    /// Hands the place to who has waited longest.
    private func leave() {
        let next = admission.withLock { admission -> CheckedContinuation<Void, Never>? in
            guard admission.waiting.isEmpty else { return admission.waiting.removeFirst() }
            admission.free += 1
            return nil
        }
        next?.resume()
    }
}
