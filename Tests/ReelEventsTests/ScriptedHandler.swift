import ReelEvents
import ReelJournal
import ReelRuntime

/// What handlers were called with, and which were at work at the same time.
final class CallLog: Sendable {
    struct Call: Hashable {
        let sequence: Int64
        let video: String
        let chain: String
        let step: String
        let attempt: Int
        let id: String
    }

    struct State {
        var calls: [Call] = []
        var atWork: [String: Int] = [:]
        /// Steps that were at work twice at once.
        var collisions: [String] = []
        var atWorkMax = 0
    }

    let state = Locked(State())

    var calls: [Call] { state.withLock { $0.calls } }
    var collisions: [String] { state.withLock { $0.collisions } }
    var atWorkCount: Int { state.withLock { $0.atWork.values.reduce(0, +) } }
    var atWorkMax: Int { state.withLock { $0.atWorkMax } }
    /// `step video` of each call, in order.
    var words: [String] { calls.map { "\($0.step) \($0.video)" } }

    fileprivate func begin(_ call: Call) {
        state.withLock { state in
            state.calls.append(call)
            let key = "\(call.sequence) \(call.chain)"
            if state.atWork[key, default: 0] > 0 { state.collisions.append(key) }
            state.atWork[key, default: 0] += 1
            state.atWorkMax = max(state.atWorkMax, state.atWork.values.reduce(0, +))
        }
    }

    fileprivate func end(_ call: Call) {
        state.withLock { $0.atWork["\(call.sequence) \(call.chain)", default: 1] -= 1 }
    }
}

/// A handler that writes its calls down and does what a test says.
struct ScriptedHandler: Handler {
    let log: CallLog
    let body: @Sendable (Event, HandlerContext) async -> Outcome

    init(
        _ log: CallLog,
        _ body: @escaping @Sendable (Event, HandlerContext) async -> Outcome = { _, _ in .done() }
    ) {
        self.log = log
        self.body = body
    }

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        let call = CallLog.Call(
            sequence: event.sequence,
            video: event.videoID?.rawValue ?? "",
            chain: context.chain,
            step: context.step,
            attempt: context.attempt,
            id: context.id
        )
        log.begin(call)
        let outcome = await body(event, context)
        log.end(call)
        return outcome
    }
}

/// Holds handlers until a test lets them go, or they are cancelled.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
        var arrivals = 0
    }

    private let state = Locked(State())

    var arrivals: Int { state.withLock { $0.arrivals } }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        let key = state.withLock { state in
            state.next += 1
            state.arrivals += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard !state.isOpen, !Task.isCancelled else { return false }
                    state.waiters[key] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: key) }
            waiter?.resume()
        }
    }
}
