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
    private let journal: Journal
    /// Rung when there is a replay to begin, to stop or to continue.
    private let bell: Doorbell
    private let logger: Logger
    private let time: any TimeSource

    /// The most events that one transaction appends.
    private static let batchCountMax = 100
    /// How long the events of one transaction may stand for, so that a stop is soon heard.
    private static let batchSpan: Duration = .milliseconds(500)
    /// The longest time between two looks at the replays, should a ring be lost.
    private static let lookInterval: Duration = .seconds(60)
    private static let errorWait: Duration = .seconds(3)

    package init(_ context: ConsoleContext) {
        self.init(context.journal, context.replayBell, context.logger, context.time)
    }

    init(_ journal: Journal, _ bell: Doorbell, _ logger: Logger, _ time: any TimeSource) {
        self.journal = journal
        self.bell = bell
        self.logger = logger
        self.time = time
    }

    /// Works on replays, each at its own rate, until its task is cancelled.
    ///
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func run() async throws {
        var dues: [Int64: Duration] = [:]
        while !Task.isCancelled {
            do throws(JournalError) {
                let wait = try await round(&dues) ?? Self.lookInterval
                await bell.wait(atMost: min(wait, Self.lookInterval), time)
            } catch {
                guard error != .closed else { throw error }
                logger.warning("a replay is held up", ["journal.error": .string(error.code)])
                try? await time.sleep(for: Self.errorWait)
            }
        }
        throw CancellationError()
    }

    /// Works until a replay is no longer running, for a journal without a service.
    ///
    /// - Throws: `JournalError`.
    package func finish(_ number: Int64) async throws(JournalError) {
        while !Task.isCancelled, let job = try await journal.driver.replay(number),
            job.state == .running, let wait = try await step(job)
        { try? await time.sleep(for: wait) }
    }

    /// Appends the next events of each replay that is running and due, the oldest replay first.
    ///
    /// - Parameter dues: By uptime, when each that is not done may go on; one that is stopped and
    ///   continued goes no faster by that.
    /// - Returns: How long to wait before the next is due; nil when none is running.
    /// - Throws: `JournalError`.
    private func round(_ dues: inout [Int64: Duration]) async throws(JournalError) -> Duration? {
        let open = try await journal.driver.replays().filter { $0.state != .done }
        let numbers = Set(open.map(\.number))
        dues = dues.filter { numbers.contains($0.key) }
        var next: Duration?
        for job in open.reversed() where job.state == .running {
            let begin = time.uptime()
            if dues[job.number].map({ $0 <= begin }) ?? true {
                dues[job.number] = try await step(job).map { begin + $0 }
            }
            guard let due = dues[job.number] else { continue }
            next = min(next ?? due, due)
        }
        return next.map { max($0 - time.uptime(), .zero) }
    }

    /// Appends the next events of a replay that is running.
    ///
    /// - Returns: How long to wait before the next ones; nil after the last.
    private func step(_ job: ReplayJob) async throws(JournalError) -> Duration? {
        let filter = (try? JSONParser.parse(Array(job.filter.utf8))).flatMap {
            EntryQuery(json: $0)
        }
        guard var query = filter else {
            // Of a later version, or not ours.
            _ = try await journal.driver.move(job.number, to: .stopped, at: time.now())
            return nil
        }
        query = query.ofReplay
        let left = max(job.matchedCount - job.replayedCount, 0)
        let perBatch = Double(job.rate) / 1000 * Self.batchSpan.inSeconds
        let batch = min(max(Int(perBatch), 1), Self.batchCountMax)
        query.order = .oldestFirst
        query.after = job.cursor
        query.before = job.lastSequence + 1
        query.limit = min(batch, Int(max(left, 1)))
        let entries = try await journal.driver.entries(query)
        let chosen = entries.filter { query.takes($0) }
        let isDone = entries.count < query.limit || Int64(chosen.count) >= left
        let moment = time.now()
        let advance = ReplayAdvance(
            number: job.number,
            from: job.cursor,
            to: entries.last?.sequence ?? job.lastSequence,
            isDone: isDone,
            drafts: chosen.map { EntryDraft(replayOf: $0, at: moment) },
            moment: moment
        )
        guard try await journal.advance(advance) else { return .zero }
        if isDone {
            logger.info(
                "replay done",
                [
                    "replay.number": .integer(job.number),
                    "replay.events": .integer(job.replayedCount + Int64(chosen.count)),
                ]
            )
            return nil
        }
        return .milliseconds(Int64(Double(chosen.count) / Double(job.rate) * 1_000_000))
    }
}
