package import ReelEvents
package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// Warns of videos whose link dies soon and whose file is not here yet.
///
/// It looks at the events that are still worked on, and at dead letters whose link lives: those it
/// warns of at once, since nobody else will fetch the file in time. A link that the provider has
/// not spoken of, because it cannot be asked, is presumed to live as short as any. Each video is
/// warned of once, as an error in the log; how many there are is a metric, and which ones the
/// console tells.
package final class ExpiryWatch: Sendable {
    /// A video whose file is in danger.
    package struct Alarm: Sendable, Hashable {
        package let provider: String
        package let videoID: VideoID
        /// The event that is worked on.
        package let sequence: Int64
        package let expiresAt: Timestamp
        /// Whether the provider has not said when the link dies.
        package let isPresumed: Bool
        /// Whether nothing more is tried.
        package let isGivenUp: Bool
        /// The step that is not done, and why, as far as it was tried.
        package let step: String?
        package let attempts: Int
        package let reason: Reason?
    }

    /// The shortest life of a link that a provider documents, from the video's completion.
    ///
    /// OpenAI's guide: a video can be had for an hour at most.
    package static let shortestLinkLife: Duration = .seconds(3600)
    /// The longest, from the video's creation: Azure keeps a job for a day.
    package static let longestLinkLife: Duration = .seconds(86_400)
    /// The dead letters of one look, the newest first.
    private static let deadCountMax = 1000

    private struct Key: Hashable {
        let provider: String
        let videoID: VideoID
    }

    /// A video that something is to be done about, or was.
    private struct Subject {
        let key: Key
        let sequence: Int64
        let isDead: Bool
        /// When it was complete at the latest.
        let completedAt: Timestamp
    }

    private struct StepKey: Hashable {
        let chain: String
        let step: String
    }

    private struct State {
        var alarms: [Alarm] = []
        /// The steps that do without a link.
        var linkless: Set<StepKey> = []
        /// When the links of the videos that are worked on die, as far as that is known.
        var expiries: [Key: Timestamp] = [:]
    }

    private let journal: Journal
    private let span: Duration
    private let entryCountMax: Int
    private let time: any TimeSource
    private let logger: Logger
    private let endangered: Gauge
    private let warned: Counter
    private let state = Locked(State())

    /// Makes a watch; `run` starts it, once.
    ///
    /// `span` is how long before a link dies its video is warned of, and `entryCountMax` how many
    /// open events one look takes in, the oldest first.
    package init(
        journal: Journal,
        span: Duration,
        entryCountMax: Int = 10_000,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.journal = journal
        self.span = span
        self.entryCountMax = entryCountMax
        self.time = time
        self.logger = logger.named("expiry")
        endangered = metrics.gauge(
            "reelhook_videos_expiring",
            help: "Videos whose link dies soon and whose file is not here."
        )
        warned = metrics.counter(
            "reelhook_expiry_alarms_total",
            help: "Videos that were warned of because their link was about to die."
        )
    }

    /// Learns which steps need no link, so that no video is warned of for their sake.
    package func follow(_ chains: [Chain]) {
        let linkless = chains.flatMap { chain in
            chain.steps.filter { !$0.handler.needsLink }.map { step in
                StepKey(chain: chain.name, step: step.name)
            }
        }
        state.withLock { $0.linkless = Set(linkless) }
    }

    /// What was found at the last look, the soonest to expire first.
    package var alarms: [Alarm] { state.withLock { $0.alarms } }

    /// Looks at intervals until its task is cancelled.
    package func run() async throws {
        var isBusy = false
        while true {
            do throws(JournalError) {
                isBusy = try await look() > Self.busyCount
            } catch {
                logger.warning("the journal refused a call", ["journal.error": .string(error.code)])
            }
            try await time.sleep(for: isBusy ? .seconds(10) : .seconds(1))
        }
    }

    /// From that many open events on a look is no small thing, and there are fewer of them.
    private static let busyCount = 1000

    /// Looks once.
    ///
    /// - Returns: How many events it looked at.
    @discardableResult
    package func look() async throws(JournalError) -> Int {
        let now = time.now()
        var subjects: [Subject] = []
        var seen: Set<Key> = []
        let entries = try await openEntries() + deadEntries(now)
        for entry in entries {
            guard let videoID = entry.videoID else { continue }
            let key = Key(provider: entry.provider, videoID: videoID)
            guard seen.insert(key).inserted else { continue }
            subjects.append(
                Subject(
                    key: key,
                    sequence: entry.sequence,
                    isDead: entry.state == .dead,
                    completedAt: entry.occurredAt ?? entry.receivedAt
                )
            )
        }
        var expiries: [Key: Timestamp] = [:]
        var alarms: [Alarm] = []
        let known = state.withLock { $0.expiries }
        for subject in subjects {
            var expiresAt = known[subject.key]
            if expiresAt == nil { expiresAt = try await expiry(of: subject.key) }
            if let expiresAt { expiries[subject.key] = expiresAt }
            let end = expiresAt ?? subject.completedAt + Self.shortestLinkLife
            guard subject.isDead ? end > now : end - now <= span else { continue }
            if let alarm = try await alarm(subject, end, isPresumed: expiresAt == nil) {
                alarms.append(alarm)
            }
        }
        alarms.sort { ($0.expiresAt, $0.sequence) < ($1.expiresAt, $1.sequence) }
        tell(of: alarms, expiries)
        return subjects.count
    }

    /// The events that something is still to be done about, page by page.
    private func openEntries() async throws(JournalError) -> [JournalEntry] {
        var query = EntryQuery()
        query.states = [.pending, .running, .waiting]
        query.types = [EventType.videoCompleted.name]
        query.order = .oldestFirst
        query.limit = 1000
        var entries: [JournalEntry] = []
        while entries.count < entryCountMax {
            let page = try await journal.driver.entries(query)
            entries += page
            guard page.count == query.limit else { break }
            query.after = page.last?.sequence
        }
        return entries
    }

    /// The dead letters of videos whose link may live.
    private func deadEntries(_ now: Timestamp) async throws(JournalError) -> [JournalEntry] {
        var query = EntryQuery()
        query.states = [.dead]
        query.types = [EventType.videoCompleted.name]
        query.receivedFrom = now - Self.longestLinkLife
        query.limit = Self.deadCountMax
        return try await journal.driver.entries(query)
    }

    private func expiry(of key: Key) async throws(JournalError) -> Timestamp? {
        try await journal.driver.job(provider: key.provider, id: key.videoID)?.expiresAt
    }

    /// The alarm for a video; nil when its file is here or known to be lost, or nobody who needs it
    /// is left.
    private func alarm(
        _ subject: Subject,
        _ expiresAt: Timestamp,
        isPresumed: Bool
    ) async throws(JournalError) -> Alarm? {
        let (key, sequence) = (subject.key, subject.sequence)
        let files = try await journal.driver.assets(provider: key.provider, videoID: key.videoID)
        switch files.first(where: { $0.variant == "video" })?.state {
        case .fetched, .stored, .absent, .lost, .leaving, .deleted: return nil
        case .pending, .partial, nil: break
        }
        // None while no chain is planned.
        let steps = try await journal.driver.steps(of: [sequence])[sequence] ?? []
        let linkless = state.withLock { $0.linkless }
        let step = steps.first { step in
            (subject.isDead ? step.state == .dead : step.state.isOpen)
                && !linkless.contains(StepKey(chain: step.chain, step: step.name))
        }
        guard step != nil || steps.isEmpty else { return nil }
        return Alarm(
            provider: key.provider,
            videoID: key.videoID,
            sequence: sequence,
            expiresAt: expiresAt,
            isPresumed: isPresumed,
            isGivenUp: subject.isDead,
            step: step?.name,
            attempts: step?.attempts ?? 0,
            reason: step?.reason
        )
    }

    private func tell(of alarms: [Alarm], _ expiries: [Key: Timestamp]) {
        let before = state.withLock { state in
            let before = state.alarms
            state.alarms = alarms
            state.expiries = expiries
            return before
        }
        let told = Dictionary(before.map { ($0.sequence, $0.isGivenUp) }) { first, _ in first }
        endangered.set(Int64(alarms.count))
        for alarm in alarms where told[alarm.sequence] != alarm.isGivenUp {
            if told[alarm.sequence] == nil { warned.increment() }
            logger.error(
                alarm.isGivenUp
                    ? "an event is given up whose video could still be fetched"
                    : "a link dies soon and its video is not here",
                [
                    "video.id": .string(alarm.videoID.rawValue),
                    "provider": .string(alarm.provider),
                    "event.sequence": .integer(alarm.sequence),
                    "expires_at": .string(alarm.expiresAt.description),
                    "expires_at.presumed": .bool(alarm.isPresumed),
                    "step.attempts": .integer(alarm.attempts),
                    "reason": .string(alarm.reason?.logText ?? ""),
                ]
            )
        }
    }
}
