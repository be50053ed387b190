package import ReelRuntime

/// How upkeep found the clock on the wall, and whether what is old is told by it.
///
/// What a clock that is years ahead lets go cannot be had back. So a jump of more than a day, since
/// the service was off for long or since the clock is wrong, is doubted until the service has run
/// beside that clock for six hours, restarts or not: machines set their clocks within minutes, and
/// people read the warning.
package struct ClockRecord: Sendable, Hashable {
    /// A jump that is trusted at once: more than a round, and than whatever a clock is set by.
    package static let jumpMax: Duration = .seconds(86_400)
    /// For how long a longer one is doubted.
    package static let patience: Duration = .seconds(6 * 3_600)
    /// The longest time between two looks that a service which runs lets go by: in a longer one it
    /// was off, or the clock was set, and neither counts.
    private static let lookInterval: Duration = .seconds(2 * 3_600)

    /// The last moment that was believed, from which ages are counted back.
    package let trustedAt: Timestamp
    /// What the clock said last, believed or not.
    package let seenAt: Timestamp
    /// How long the service has run beside a clock that it doubts; nil when it trusts it.
    package let doubtedFor: Duration?

    package init(trustedAt: Timestamp, seenAt: Timestamp, doubtedFor: Duration?) {
        self.trustedAt = trustedAt
        self.seenAt = seenAt
        self.doubtedFor = doubtedFor
    }

    /// The clock is believed.
    package init(trusted wall: Timestamp) {
        self.init(trustedAt: wall, seenAt: wall, doubtedFor: nil)
    }

    /// What is to be thought of the clock now.
    package func seeing(
        _ wall: Timestamp,
        jumpMax: Duration = ClockRecord.jumpMax
    ) -> ClockRecord {
        // It goes on from where it was trusted, or was set back to there.
        guard wall - trustedAt > jumpMax else { return ClockRecord(trusted: wall) }
        var span = Duration.zero
        if let doubtedFor {
            let step = wall - seenAt
            span = doubtedFor
            if step > .zero, step <= Self.lookInterval { span += step }
        }
        guard span < Self.patience else { return ClockRecord(trusted: wall) }
        return ClockRecord(trustedAt: trustedAt, seenAt: wall, doubtedFor: span)
    }
}
