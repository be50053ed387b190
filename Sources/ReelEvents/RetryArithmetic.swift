package import ReelJournal
package import ReelRuntime

/// From a handler's outcome to what the journal records: counts attempts and draws waits.
package struct RetryArithmetic: Sendable {
    /// The shortest postponement: one that does not count may be asked for without end, and must
    /// not become a loop that spins.
    package static let shortestPostponement: Duration = .milliseconds(100)

    private let random: any RandomSource

    package init(random: any RandomSource) {
        self.random = random
    }

    /// The verdict on an attempt that ended with an outcome at a moment; attempts count from 1.
    package func verdict(
        on outcome: Outcome,
        attempt: Int,
        policy: RetryPolicy,
        at moment: Timestamp
    ) -> StepVerdict {
        switch outcome {
        case .done(let note):
            .done(note: note)
        case .retry(let named, let reason), .unavailable(let named, let reason):
            if attempt >= policy.attempts {
                .dead(reason)
            } else {
                .retry(at: self.moment(after: attempt, named, policy, moment), reason)
            }
        case .postpone(let span, let reason):
            .postpone(
                until: moment + max(Self.held(span, policy), Self.shortestPostponement),
                reason
            )
        case .giveUp(let reason):
            .dead(reason)
        }
    }

    /// When the next attempt is due: after the span that was named, or by the policy.
    func moment(
        after attempt: Int,
        _ named: Duration?,
        _ policy: RetryPolicy,
        _ now: Timestamp
    ) -> Timestamp {
        let asked = named.map { Self.held($0, policy) }
        guard let scheduled = scheduledWait(attempt, policy) else {
            return now + (asked ?? wait(attempt, policy))
        }
        return now + max(asked ?? .zero, scheduled)
    }

    /// The schedule's wait after an attempt and a little more; nil beyond its end.
    private func scheduledWait(_ attempt: Int, _ policy: RetryPolicy) -> Duration? {
        guard let wait = policy.schedule.dropFirst(max(attempt, 1) - 1).first else { return nil }
        return wait
            + .milliseconds(Int64(Double(wait.wholeMilliseconds) * 0.1 * random.unit()))
    }

    /// The wait after an attempt, drawn evenly from zero to the attempt's ceiling.
    private func wait(_ attempt: Int, _ policy: RetryPolicy) -> Duration {
        let ceiling = Self.ceiling(attempt, policy)
        return .milliseconds(Int64(random.unit() * Double(ceiling.wholeMilliseconds)))
    }

    /// The longest wait after an attempt: `min(cap, base * 2^(attempt-1))`.
    package static func ceiling(_ attempt: Int, _ policy: RetryPolicy) -> Duration {
        // 2^40 times a millisecond is 34 years: beyond, the cap has long been reached.
        let doublings = min(max(attempt, 1) - 1, 40)
        let base = max(policy.base.wholeMilliseconds, 0)
        let grown = base.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let cap = max(policy.cap.wholeMilliseconds, 0)
        return .milliseconds(grown.overflow ? cap : min(cap, grown.partialValue))
    }

    private static func held(_ span: Duration, _ policy: RetryPolicy) -> Duration {
        min(max(span, .zero), max(policy.longestWait, .zero))
    }
}
