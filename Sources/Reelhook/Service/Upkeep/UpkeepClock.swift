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
    /// What was last said of it.
    private let wasDoubted = Locked(false)

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
    /// A journal that cannot take how the clock was found makes nothing older.
    ///
    /// - Throws: What the journal throws.
    package func now() async throws(JournalError) -> Timestamp {
        let last = try await lastRecord()
        let wall = time.now()
        let record = last?.seeing(wall, jumpMax: jumpMax) ?? ClockRecord(trusted: wall)
        do throws(JournalError) {
            if record != last { try await driver.record(record) }
        } catch {
            guard let last, error != .closed else { throw error }
            return last.trustedAt
        }
        note(record, wall)
        return record.trustedAt
    }

    /// What was found last; without it what the newest entry says, since a journal may be older
    /// than what is kept of the clock.
    ///
    /// - Returns: Nil for a journal without entries.
    private func lastRecord() async throws(JournalError) -> ClockRecord? {
        if let last = try await driver.clockRecord() { return last }
        var query = EntryQuery()
        query.limit = 1
        return try await driver.entries(query).first.map { ClockRecord(trusted: $0.receivedAt) }
    }

    private func note(_ record: ClockRecord, _ wall: Timestamp) {
        let isDoubted = record.doubtedFor != nil
        doubted.set(isDoubted ? 1 : 0)
        let isNew = wasDoubted.withLock { wasDoubted in
            defer { wasDoubted = isDoubted }
            return isDoubted && !wasDoubted
        }
        guard isNew else { return }
        logger.warning(
            "the clock is far ahead of when it was last trusted, so nothing grows older yet",
            [
                "clock": .string(wall.description),
                "trusted_at": .string(record.trustedAt.description),
                "believed_in": .string("\(ClockRecord.patience)"),
            ]
        )
    }
}
