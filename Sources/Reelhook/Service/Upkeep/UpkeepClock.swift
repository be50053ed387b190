package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// The clock by which things are old: the one on the wall, unless that is to be doubted.
package final class UpkeepClock: Sendable {
    private let driver: any JournalDriver
    private let time: any TimeSource
    private let logger: Logger
    private let doubted: Gauge
    private let jumpMax: Duration

    package init(
        driver: any JournalDriver,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics,
        jumpMax: Duration = ClockRecord.jumpMax
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
        let last = try await driver.clockRecord()
        let record = last?.seeing(wall, jumpMax: jumpMax) ?? ClockRecord(first: wall)
        if record != last { try await driver.record(record) }
        doubted.set(record.doubtedSince == nil ? 0 : 1)
        if record.doubtedSince != nil, record.doubtedSince != last?.doubtedSince {
            logger.warning(
                "the clock is far ahead of when it was last trusted, so nothing grows older yet",
                [
                    "clock": .string(wall.description),
                    "trusted_at": .string(record.trustedAt.description),
                    "believed_in": .string("\(ClockRecord.patience)"),
                ]
            )
        }
        return record.trustedAt
    }
}
