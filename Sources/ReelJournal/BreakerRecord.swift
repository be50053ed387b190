package import ReelRuntime

/// Where the circuit breaker of a provider or a notification target stands.
package enum BreakerState: String, LifeCycle {
    case closed
    case open
    case halfOpen = "half_open"

    package static let subject = "A circuit breaker"
    package static let starts: [BreakerState] = [.closed, .open]
    package static let rows: [LifeCycleRow<BreakerState>] = [
        LifeCycleRow(
            .closed,
            by: "the dispatcher: the target answered",
            to: [.closed, .open],
            kept: .always
        ),
        LifeCycleRow(
            .open,
            by: "the dispatcher: outages in a row, or a 429 or 503 that names its wait",
            to: [.open, .closed, .halfOpen],
            kept: .always
        ),
        LifeCycleRow(
            .halfOpen,
            by: "the dispatcher: the interval is over and one event tries the target",
            to: [.halfOpen, .closed, .open],
            kept: .always
        ),
    ]
}

/// What the journal keeps of a breaker, so that a restart goes on where it stood.
package struct BreakerRecord: Sendable, Hashable {
    /// The code of a run's reason while it waits behind a breaker; the detail is the target.
    package static let waitingCode = "waiting_for_breaker"

    /// Such as `provider:openai`; safe to show.
    package let target: String
    package let state: BreakerState
    /// Outages since the target last answered.
    package let failureCount: Int
    /// The last outage; nil when there was none since the target answered.
    package let reason: Reason?
    package let changedAt: Timestamp
    /// When the target is next tried; nil while it is closed.
    package let probeAt: Timestamp?

    /// The record as it is kept where a breaker in that state was, or none.
    ///
    /// The journal may have missed that a breaker opened, when it could not be written; one that is
    /// then told of as tried is kept as open, which is what a restart makes of it, too.
    package func kept(after known: BreakerState?) -> BreakerRecord {
        guard !state.mayFollow(known) else { return self }
        return BreakerRecord(
            target: target,
            state: .open,
            failureCount: failureCount,
            reason: reason,
            changedAt: changedAt,
            probeAt: probeAt
        )
    }

    package init(
        target: String,
        state: BreakerState,
        failureCount: Int,
        reason: Reason?,
        changedAt: Timestamp,
        probeAt: Timestamp?
    ) {
        self.target = target
        self.state = state
        self.failureCount = failureCount
        self.reason = reason
        self.changedAt = changedAt
        self.probeAt = probeAt
    }
}
