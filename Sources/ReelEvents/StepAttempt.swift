internal import ReelRuntime

/// Why a handler is cancelled before it has returned.
enum Interruption: Sendable, Hashable {
    /// The step's time limit is over.
    case timedOut
    /// The claim was taken over: nothing that comes of the attempt counts.
    case fenced
    /// The lease could not be renewed before its end; somebody may take over at any moment.
    case leaseOver
    /// The service stops and the grace is over.
    case stopping
}

/// One call of a handler, awaited by its claim's task and interrupted by whoever has a reason.
final class StepAttempt: Sendable {
    private struct State {
        var outcome: Outcome?
        var interruption: Interruption?
        var waiter: CheckedContinuation<Void, Never>?
        var hasLeftTargetAlone = false
    }

    private let state = Locked(State())

    var outcome: Outcome? { state.withLock { $0.outcome } }
    var interruption: Interruption? { state.withLock { $0.interruption } }

    /// Records what the handler said; once.
    func finish(_ outcome: Outcome) {
        change { $0.outcome = outcome }
    }

    /// Whether the handler said that it asked nothing of what it depends on.
    var hasLeftTargetAlone: Bool { state.withLock { $0.hasLeftTargetAlone } }

    func leaveTargetAlone() { state.withLock { $0.hasLeftTargetAlone = true } }

    /// Asks for the handler to be cancelled; the first reason stands, but that the claim is lost
    /// outweighs every other.
    func interrupt(_ interruption: Interruption) {
        change { state in
            if state.interruption == nil || interruption == .fenced {
                state.interruption = interruption
            }
        }
    }

    /// Waits until the handler has returned or is to be interrupted.
    func ending() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.outcome == nil, state.interruption == nil else { return true }
                state.waiter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
