internal import ReelEvents
internal import ReelJSON
package import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// Brings replays to their end: each event as an entry of its own, at the rate that was asked for.
///
/// How far a replay has come is written with the events that it appends, so that a crash neither
/// loses nor repeats any.
package struct ReplayRunner: Sendable {
    private let context: ConsoleContext

    /// The most events that one transaction appends.
    private static let batchCountMax = 100
    /// How long the events of one transaction may stand for, so that a stop is soon heard.
    private static let batchSpan: Duration = .milliseconds(500)
    /// The longest time between two looks at the replays, should a ring be lost.
    private static let lookInterval: Duration = .seconds(60)
    private static let errorWait: Duration = .seconds(3)

    package init(_ context: ConsoleContext) {
        self.context = context
    }

    /// Works on replays until its task is cancelled.
    ///
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func run() async throws {
        while !Task.isCancelled {
            do throws(JournalError) {
                if let wait = try await step() {
                    try? await context.time.sleep(for: wait)
                } else {
                    await context.replayBell.wait(atMost: Self.lookInterval, context.time)
                }
            } catch {
                guard error != .closed else { throw error }
                context.logger.warning(
                    "a replay is held up",
                    ["journal.error": .string(error.code)]
                )
                try? await context.time.sleep(for: Self.errorWait)
            }
        }
        throw CancellationError()
    }

    /// Works until no replay is running, for a journal without a service.
    ///
    /// - Throws: `JournalError`.
    package func finish() async throws(JournalError) {
        while let wait = try await step() { try? await context.time.sleep(for: wait) }
    }

    /// Appends the next events of the oldest replay that is running.
    ///
    /// - Returns: How long to wait before the next ones; nil when none is running.
    private func step() async throws(JournalError) -> Duration? {
        let running = try await context.journal.driver.replays().last { $0.state == .running }
        guard let job = running else { return nil }
        let filter = (try? JSONParser.parse(Array(job.filter.utf8))).flatMap {
            EntryQuery(json: $0)
        }
        guard var query = filter else {
            // Of a later version, or not ours.
            _ = try await context.journal.driver.move(
                job.number,
                to: .stopped,
                at: context.time.now()
            )
            return .zero
        }
        let left = max(job.matchedCount - job.replayedCount, 0)
        let perBatch = Double(job.rate) / 1000 * Self.batchSpan.inSeconds
        let batch = min(max(Int(perBatch), 1), Self.batchCountMax)
        query.order = .oldestFirst
        query.after = job.cursor
        query.before = job.lastSequence + 1
        query.limit = min(batch, Int(max(left, 1)))
        let entries = try await context.journal.driver.entries(query)
        let chosen = entries.filter { query.takes($0) }
        let isDone = entries.count < query.limit || Int64(chosen.count) >= left
        let moment = context.time.now()
        let advance = ReplayAdvance(
            number: job.number,
            from: job.cursor,
            to: entries.last?.sequence ?? job.lastSequence,
            isDone: isDone,
            drafts: chosen.map { EntryDraft(replayOf: $0, at: moment) },
            moment: moment
        )
        guard try await context.journal.advance(advance) else { return .zero }
        if isDone {
            context.logger.info(
                "replay done",
                [
                    "replay.number": .integer(job.number),
                    "replay.events": .integer(job.replayedCount + Int64(chosen.count)),
                ]
            )
        }
        return .milliseconds(Int64(Double(chosen.count) / Double(job.rate) * 1_000_000))
    }
}

extension EntryQuery {
    /// Whether a replay takes an entry that matches: what was replayed itself is replayed again
    /// only by name.
    func takes(_ entry: JournalEntry) -> Bool {
        entry.origin != .replay || origin == .replay || isByName
    }

    private var isByName: Bool { sequences != nil || eventID != nil || webhookID != nil }

    /// How many entries a replay by these conditions takes.
    package func replayCount(_ driver: any JournalDriver) async throws(JournalError) -> Int64 {
        let all = try await driver.count(self)
        guard origin == nil, !isByName else { return all }
        var replays = self
        replays.origin = .replay
        return all - (try await driver.count(replays))
    }
}
