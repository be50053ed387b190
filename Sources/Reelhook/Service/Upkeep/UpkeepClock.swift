package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// The clock by which things are old: the one on the wall, unless that is to be doubted.
///
/// What a clock that is years ahead lets go cannot be had back. So where it is more than a day
/// ahead of the last time that it was trusted, since the service was off for long or since the
/// clock is wrong, nothing grows older for six hours of the service's work: machines set their
/// clocks within minutes, and people read the warning.
package final class UpkeepClock: Sendable {
    /// A jump that is trusted at once: more than a round, and than whatever a clock is set by.
    package static let jumpMax: Duration = .seconds(86_400)
    /// For how long a longer jump is doubted, in the machine's uptime.
    package static let patience: Duration = .seconds(6 * 3_600)
    /// What is kept is renewed at such steps.
    private static let noteInterval: Duration = .seconds(60)

    private let driver: any JournalDriver
    private let time: any TimeSource
    private let logger: Logger
    private let doubted: Gauge
    private let jumpMax: Duration
    /// The uptime at which the present doubt began.
    private let doubtBegan = Locked<Duration?>(nil)

    package init(
        driver: any JournalDriver,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics,
        jumpMax: Duration = UpkeepClock.jumpMax
    ) {
        self.driver = driver
        self.time = time
        self.logger = logger
        self.jumpMax = jumpMax
        doubted = metrics.gauge(
            "reelhook_retention_clock_doubted",
            help: "1 while nothing grows older, since the clock has jumped by more than a day."
        )
    }

    /// The moment from which ages are counted back.
    ///
    /// - Throws: What the journal throws.
    package func now() async throws(JournalError) -> Timestamp {
        let wall = time.now()
        guard let last = try await driver.lastUpkeep() else {
            try await driver.noteUpkeep(at: wall)
            return wall
        }
        let isFar = wall - last > jumpMax
        guard isTrusted(isFar: isFar, wall, last) else { return last }
        if wall < last || wall - last >= Self.noteInterval {
            try await driver.noteUpkeep(at: wall)
        }
        return wall
    }

    private func isTrusted(isFar: Bool, _ wall: Timestamp, _ last: Timestamp) -> Bool {
        let uptime = time.uptime()
        let (isTrusted, isNew) = doubtBegan.withLock { began in
            guard isFar else {
                began = nil
                return (true, false)
            }
            let start = began ?? uptime
            defer { began = start }
            guard uptime - start < Self.patience else {
                began = nil
                return (true, false)
            }
            return (false, began == nil)
        }
        doubted.set(isTrusted ? 0 : 1)
        if isNew {
            logger.warning(
                "the clock is far ahead of when it was last trusted, so nothing grows older yet",
                [
                    "clock": .string(wall.description), "trusted_at": .string(last.description),
                    "believed_in": .string("\(Self.patience)"),
                ]
            )
        }
        return isTrusted
    }
}
