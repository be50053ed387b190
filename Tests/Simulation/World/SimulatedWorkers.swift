internal import ReelRuntime

/// Threads that are none: each batch of a queue is something that happens in the world.
struct SimulatedWorkers: WorkPlace {
    let process: SimulatedProcess

    func serve<Element: Sendable>(
        _ queue: BlockingQueue<Element>,
        as name: String,
        batchCountMax: Int,
        makeBody: @escaping @Sendable () -> ([Element]) -> Void
    ) -> any QueueWorker {
        let worker = SimulatedWorker(
            process: process,
            queue: queue,
            batchCountMax: batchCountMax,
            isSlow: name == "journal-writer" || name == "journal-sync",
            body: makeBody()
        )
        queue.whenFilled { [weak worker] in worker?.wake() }
        process.keep(worker) { [weak worker] in worker?.bury() }
        return worker
    }
}

/// Whoever serves a queue in a simulated process.
private final class SimulatedWorker<Element: Sendable>: QueueWorker, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    private let process: SimulatedProcess
    private let queue: BlockingQueue<Element>
    private let batchCountMax: Int
    private let isSlow: Bool
    private var body: (([Element]) -> Void)?
    private var isDue = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(
        process: SimulatedProcess,
        queue: BlockingQueue<Element>,
        batchCountMax: Int,
        isSlow: Bool,
        body: @escaping ([Element]) -> Void
    ) {
        self.process = process
        self.queue = queue
        self.batchCountMax = batchCountMax
        self.isSlow = isSlow
        self.body = body
    }

    func wake() {
        guard !isDue, body != nil else { return }
        isDue = true
        if isSlow {
            process.world.after(process.commitDelay(), process.place) { self.turn() }
        } else {
            process.world.soon(process.place) { self.turn() }
        }
    }

    private func turn() {
        isDue = false
        guard process.isAlive else { return }
        guard queue.count > 0 else {
            if queue.isShut { end() }
            return
        }
        body?(queue.take(atMost: batchCountMax))
        if queue.count > 0 || queue.isShut { wake() }
    }

    private func end() {
        body = nil
        let waiters = waiters
        self.waiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// Lets go of what the body owned, after its process has died.
    func bury() { body = nil }

    func ended() async {
        await withCheckedContinuation { continuation in
            if body == nil { continuation.resume() } else { waiters.append(continuation) }
        }
    }

    func join() {}
}
