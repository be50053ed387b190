package import ReelRuntime

/// How upkeep found the clock on the wall, and whether what is old is told by it.
///
/// What a clock that is years ahead lets go cannot be had back. So a jump of more than a day, since
/// the service was off for long or since the clock is wrong, is doubted until the clock has gone on
/// from there for six hours: machines set their clocks within minutes, and people read the warning.
/// A restart does not begin the doubt anew.
package struct ClockRecord: Sendable, Hashable {
    /// A jump that is trusted at once: more than a round, and than whatever a clock is set by.
    package static let jumpMax: Duration = .seconds(86_400)
    /// For how long a longer one is doubted.
    package static let patience: Duration = .seconds(6 * 3_600)

    /// The last moment that was believed, from which ages are counted back.
    package let trustedAt: Timestamp
    /// What the clock said last, believed or not.
    package let seenAt: Timestamp
    /// What it said when the present doubt began.
    package let doubtedSince: Timestamp?

    package init(trustedAt: Timestamp, seenAt: Timestamp, doubtedSince: Timestamp?) {
        self.trustedAt = trustedAt
        self.seenAt = seenAt
        self.doubtedSince = doubtedSince
    }

    /// The clock is seen for the first time.
    package init(first wall: Timestamp) {
        self.init(trustedAt: wall, seenAt: wall, doubtedSince: nil)
    }

    /// What is to be thought of the clock now.
    package func seeing(
        _ wall: Timestamp,
        jumpMax: Duration = ClockRecord.jumpMax
    ) -> ClockRecord {
        let trusted = ClockRecord(first: wall)
        func doubted(since moment: Timestamp) -> ClockRecord {
            ClockRecord(trustedAt: trustedAt, seenAt: wall, doubtedSince: moment)
        }
        guard let since = doubtedSince, wall >= since else {
            // It goes on from where it was trusted, or was set back to there.
            return wall - trustedAt > jumpMax ? doubted(since: wall) : trusted
        }
        if wall - seenAt > jumpMax { return doubted(since: wall) }
        return wall - since >= Self.patience ? trusted : doubted(since: since)
    }
}
