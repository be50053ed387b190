internal import ReelRuntime

/// A part of a simulated process that tasks run in; its end is a crash: what is left of its tasks
/// never runs again.
final class Place: TaskExecutor, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let world: World
    var isAlive = true
    private(set) var isPaused = false
    /// When it stood still, and until when.
    private var stalls: [ClosedRange<Int64>] = []
    /// What came while it stood still.
    var held: [() -> Void] = []

    init(_ world: World) { self.world = world }

    func enqueue(_ job: consuming ExecutorJob) {
        world.enqueue(UnownedJob(job), at: self)
    }

    /// Lets it stand still for a span, as a process that is starved or swapped out does.
    func pause(for span: Duration) {
        let start = world.now
        isPaused = true
        world.after(span) { [self] in
            isPaused = false
            stalls.append(start...world.now)
            let calls = held
            held = []
            for call in calls { world.soon(self, call) }
        }
    }

    /// Whether it stood still at a moment, and did not wake before it.
    func stoodStill(at moment: Int64) -> Bool {
        isPaused || stalls.contains { $0.contains(moment) }
    }

    /// Runs a task here.
    @discardableResult
    func start(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) { await work() }
    }
}

/// The clocks of a simulated process.
final class PlaceTime: TimeSource, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    private let place: Place
    private let start: Int64

    private final class Sleeper: @unchecked Sendable {
        // SAFETY: a world runs on one thread.
        var continuation: CheckedContinuation<Void, any Error>?
        var isCancelled = false
    }

    init(_ place: Place) {
        self.place = place
        start = place.world.now
    }

    func now() -> Timestamp {
        Timestamp(
            millisecondsSinceEpoch: place.world.trueMilliseconds + place.world.wallError
        )
    }

    func uptime() -> Duration { .nanoseconds(place.world.now - start) }

    func sleep(for span: Duration) async throws {
        try Task.checkCancellation()
        guard span > .zero else { return }
        let sleeper = Sleeper()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if sleeper.isCancelled {
                    return continuation.resume(throwing: CancellationError())
                }
                sleeper.continuation = continuation
                place.world.after(span, place) { sleeper.continuation.take()?.resume() }
            }
        } onCancel: {
            sleeper.isCancelled = true
            sleeper.continuation.take()?.resume(throwing: CancellationError())
        }
    }
}
