package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// Deletes from the journal what is older than the retention of its state, while the service runs.
///
/// It walks over what is over in small pieces and rests after each for nine times as long as that
/// took, but no longer than a quarter of a second: it has a tenth of the journal's time, and under
/// load, which makes a piece take longer, the least with which it comes to an end.
package struct JournalUpkeep: Sendable {
    private let journal: Journal
    private let retention: RetentionSettings
    private let clock: UpkeepClock
    private let time: any TimeSource
    private let logger: Logger
    private let metrics: UpkeepMetrics

    /// From the end of a round to the next.
    package static let interval: Duration = .seconds(3600)
    /// The same after a round that the journal cut short.
    package static let errorWait: Duration = .seconds(60)

    package init(
        journal: Journal,
        retention: RetentionSettings,
        clock: UpkeepClock,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.journal = journal
        self.retention = retention
        self.clock = clock
        self.time = time
        self.logger = logger
        self.metrics = UpkeepMetrics(metrics)
    }

    /// Works now and at intervals until it is cancelled.
    ///
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func run() async throws {
        while true {
            let isWhole = try await round()
            try await time.sleep(for: isWhole ? Self.interval : Self.errorWait)
        }
    }

    /// Walks over everything once.
    ///
    /// - Returns: Whether it came to the end.
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func round() async throws -> Bool {
        var counts: [UpkeepMetrics.Kind: Int] = [:]
        do {
            let now = try await clock.now()
            for span in RetentionSpan.allCases {
                for subject in Self.subjects(of: span) {
                    let count = try await walk(over: subject, before: now - retention[span])
                    counts[UpkeepMetrics.Kind(subject), default: 0] += count
                }
            }
            try await giveSpaceBack()
        } catch let error as JournalError {
            guard error != .closed else { throw error }
            logger.warning(
                "old events could not be deleted",
                ["reason": .string(error.code), "next_try_in": .string("\(Self.errorWait)")]
            )
            return false
        }
        if counts.contains(where: { $0.value > 0 }) {
            logger.info(
                "what was old has been deleted from the journal",
                [
                    "events": .integer(counts[.events] ?? 0),
                    "videos": .integer(counts[.videos] ?? 0),
                    "replays": .integer(counts[.replays] ?? 0),
                ]
            )
        }
        return true
    }

    /// What a span is for; entries go before the videos that they speak of.
    private static func subjects(of span: RetentionSpan) -> [PruneRequest.Subject] {
        var subjects = EventState.states(keptFor: span).map { PruneRequest.Subject.entries($0) }
        if !JobState.states(keptFor: span).isEmpty { subjects.append(.videos) }
        if !ReplayState.states(keptFor: span).isEmpty { subjects.append(.replays) }
        return subjects
    }

    private func walk(
        over subject: PruneRequest.Subject,
        before moment: Timestamp
    ) async throws -> Int {
        var count = 0
        var pace = Pace()
        var cursor: Int64? = 0
        while let from = cursor {
            let start = time.uptime()
            let outcome = try await journal.driver.prune(
                PruneRequest(subject, before: moment, from: from, limit: pace.limit)
            )
            count += outcome.deletedCount
            metrics.count(UpkeepMetrics.Kind(subject), outcome.deletedCount)
            cursor = outcome.next
            let rest = pace.rest(after: time.uptime() - start, isHeldUp: outcome.isHeldUp)
            if cursor != nil { try await time.sleep(for: rest) }
        }
        return count
    }
}

extension JournalUpkeep {
    /// Gives space that nothing uses back to the file system, in pieces of as little weight.
    private func giveSpaceBack() async throws {
        var pace = Pace()
        var byteCount: Int64 = 0
        while true {
            let start = time.uptime()
            let outcome = try await journal.driver.reclaim(atMost: pace.limit)
            byteCount += outcome.freedByteCount
            guard !outcome.isComplete else { break }
            let rest = pace.rest(after: time.uptime() - start, isHeldUp: outcome.isHeldUp)
            try await time.sleep(for: rest)
        }
        guard byteCount > 0 else { return }
        logger.info("space of the journal has been given back", ["bytes": .integer(byteCount)])
    }
}

/// How much is looked at in a piece, and how long nothing is after it.
struct Pace {
    private(set) var limit = 64

    /// What a piece is to take; others wait no longer for it.
    private static let aim: Duration = .milliseconds(10)
    private static let limits = 32...512
    private static let longestRest: Duration = .milliseconds(250)

    mutating func rest(after span: Duration, isHeldUp: Bool) -> Duration {
        guard !isHeldUp else { return Self.longestRest }
        if span > Self.aim {
            limit = max(limit / 2, Self.limits.lowerBound)
        } else if span < Self.aim / 3 {
            limit = min(limit * 2, Self.limits.upperBound)
        }
        return min(max(span * 9, .milliseconds(1)), Self.longestRest)
    }
}
