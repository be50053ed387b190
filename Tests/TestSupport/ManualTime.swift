package import ReelRuntime

/// A clock that stands still until a test moves it.
///
/// Whoever sleeps on it is woken, in the order of the deadlines, by the `advance` that reaches the
/// deadline. A test first waits until the code under test sleeps, then advances.
package final class ManualTime: TimeSource {
    private struct Sleeper {
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var wall: Timestamp
        var uptime: Duration = .zero
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var watchers: [Int: Watcher] = [:]
        /// Sleeps and watches whose task was cancelled before they began to wait.
        var cancelled: Set<Int> = []

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }

        mutating func takeSatisfiedWatchers() -> [CheckedContinuation<Void, Never>] {
            let satisfied = watchers.filter { $0.value.count <= sleepers.count }
            for id in satisfied.keys { watchers[id] = nil }
            return satisfied.values.map(\.continuation)
        }
    }

    private let state: Locked<State>

    /// Starts at a moment, by default 2026-11-21T09:00:00Z.
    package init(now: Timestamp = Timestamp(secondsSinceEpoch: 1_795_251_600)) {
        state = Locked(State(wall: now))
    }

    package func now() -> Timestamp {
        state.withLock { $0.wall }
    }

    package func uptime() -> Duration {
        state.withLock { $0.uptime }
    }

    /// How many are asleep.
    package var sleeperCount: Int {
        state.withLock { $0.sleepers.count }
    }

    /// The time until the next sleeper is due; nil when nobody sleeps.
    package var timeToNextSleeper: Duration? {
        state.withLock { state in
            state.sleepers.values.map(\.deadline).min().map { $0 - state.uptime }
        }
    }

    package func sleep(for span: Duration) async throws {
        try Task.checkCancellation()
        guard span > .zero else { return }
        let id = state.withLock { $0.makeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
                    guard state.cancelled.remove(id) == nil else { return nil }
                    state.sleepers[id] = Sleeper(
                        deadline: state.uptime + span,
                        continuation: continuation
                    )
                    return state.takeSatisfiedWatchers()
                }
                guard let watchers = outcome else {
                    return continuation.resume(throwing: CancellationError())
                }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves both clocks on and wakes whoever is due.
    package func advance(by span: Duration) {
        precondition(span >= .zero, "time does not go back")
        let due = state.withLock { state -> [Sleeper] in
            state.uptime += span
            state.wall = state.wall + span
            let due = state.sleepers.filter { $0.value.deadline <= state.uptime }
            for id in due.keys { state.sleepers[id] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
                .map(\.value)
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Moves on to the next deadline and wakes whoever is due then; false when nobody sleeps.
    package func advanceToNextSleeper() -> Bool {
        guard let span = timeToNextSleeper else { return false }
        advance(by: span)
        return true
    }

    /// Sets the wall clock alone, as an operator or a time server does; wakes nobody.
    package func setWall(to moment: Timestamp) {
        state.withLock { $0.wall = moment }
    }

    /// Returns as soon as at least `count` are asleep, or the waiting task is cancelled.
    package func waitForSleepers(_ count: Int = 1) async {
        let id = state.withLock { $0.makeID() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.cancelled.remove(id) == nil, state.sleepers.count < count else {
                        return false
                    }
                    state.watchers[id] = Watcher(count: count, continuation: continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let watcher = state.withLock { state -> Watcher? in
                let watcher = state.watchers.removeValue(forKey: id)
                if watcher == nil { state.cancelled.insert(id) }
                return watcher
            }
            watcher?.continuation.resume()
        }
    }
}
