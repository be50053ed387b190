internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// The dispatcher's numbers.
///
/// Reason codes become label values: they come from the handlers' code and not from data, and
/// beyond a bound they are counted as `other`, should a handler make them up as it goes.
struct DispatcherMetrics: Sendable {
    private static let reasonCountMax = 200

    private struct StepKey: Hashable {
        let outcome: String
        let reason: String
    }

    private let metrics: Metrics
    private let steps = Locked([StepKey: Counter]())
    private let planned: Counter
    private let unhandled: Counter
    let running: Gauge
    let open: Gauge
    let dead: Gauge
    let backlogAge: Gauge
    let fenced: Counter
    let attemptSpan: Histogram

    init(_ metrics: Metrics) {
        self.metrics = metrics
        let help = "Events looked at, by whether a chain takes them."
        let name = "reelhook_events_planned_total"
        planned = metrics.counter(name, help: help, labels: ["result": "planned"])
        unhandled = metrics.counter(name, help: help, labels: ["result": "unhandled"])
        running = metrics.gauge("reelhook_runs_running", help: "Runs worked on now.")
        open = metrics.gauge("reelhook_runs_open", help: "Runs not ended yet.")
        dead = metrics.gauge("reelhook_runs_dead", help: "Runs among the dead letters.")
        backlogAge = metrics.gauge(
            "reelhook_backlog_age_seconds",
            help: "Age of the oldest event not ended yet."
        )
        fenced = metrics.counter(
            "reelhook_claims_lost_total",
            help: "Claims that were taken over by another owner."
        )
        attemptSpan = metrics.histogram(
            "reelhook_step_duration_seconds",
            help: "What an attempt of a step took.",
            bounds: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600]
        )
    }

    func countPlans(_ plans: [(sequence: Int64, plan: EventPlan)]) {
        let handled = plans.count {
            switch $0.plan {
            case .runs: true
            case .unhandled: false
            }
        }
        planned.increment(by: handled)
        unhandled.increment(by: plans.count - handled)
    }

    func countJournalError(_ error: JournalError) {
        metrics.counter(
            "reelhook_dispatcher_journal_errors_total",
            help: "Calls of the dispatcher that the journal refused, by code.",
            labels: ["code": error.code]
        ).increment()
    }

    func countVerdict(_ verdict: StepVerdict) {
        let key = StepKey(outcome: verdict.name, reason: verdict.reason?.code ?? "")
        let known = steps.withLock { steps -> Counter? in
            if let counter = steps[key] { return counter }
            guard steps.count >= Self.reasonCountMax else { return nil }
            return steps[StepKey(outcome: key.outcome, reason: "other")]
        }
        if let known { return known.increment() }
        let isFull = steps.withLock { $0.count >= Self.reasonCountMax }
        let kept = isFull ? StepKey(outcome: key.outcome, reason: "other") : key
        let counter = metrics.counter(
            "reelhook_steps_total",
            help: "Attempts of steps that ended, by outcome and reason code.",
            labels: ["outcome": kept.outcome, "reason": kept.reason]
        )
        steps.withLock { $0[kept] = counter }
        counter.increment()
    }
}

extension StepVerdict {
    /// The outcome as the journal and the metrics call it.
    var name: String {
        switch self {
        case .done: "done"
        case .retry: "retry"
        case .postpone: "postpone"
        case .hold: "hold"
        case .dead: "dead"
        }
    }

    var reason: Reason? {
        switch self {
        case .done: nil
        case .retry(_, let reason), .postpone(_, let reason), .hold(_, let reason),
            .dead(let reason):
            reason
        }
    }
}
