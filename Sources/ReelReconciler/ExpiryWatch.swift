package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// Warns of videos whose link dies soon and whose file is not here yet.
///
/// It looks at the events that are still worked on. Each video is warned of once, as an error in
/// the log; how many there are is a metric, and which ones the console tells.
package final class ExpiryWatch: Sendable {
    /// A video whose file is in danger.
    package struct Alarm: Sendable, Hashable {
        package let provider: String
        package let videoID: VideoID
        /// The event that is worked on.
        package let sequence: Int64
        package let expiresAt: Timestamp
        /// The step that is not done, and why, as far as it was tried.
        package let step: String?
        package let attempts: Int
        package let reason: Reason?
    }

    private struct Key: Hashable {
        let provider: String
        let videoID: VideoID
    }

    private struct State {
        var alarms: [Alarm] = []
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
    /// - Returns: How many events are open, as far as they were looked at.
    @discardableResult
    package func look() async throws(JournalError) -> Int {
        var open: [(key: Key, sequence: Int64)] = []
        var seen: Set<Key> = []
        for entry in try await openEntries() {
            guard let videoID = entry.videoID else { continue }
            let key = Key(provider: entry.provider, videoID: videoID)
            if seen.insert(key).inserted { open.append((key, entry.sequence)) }
        }
        var expiries: [Key: Timestamp] = [:]
        var alarms: [Alarm] = []
        let known = state.withLock { $0.expiries }
        let now = time.now()
        for (key, sequence) in open {
            var expiresAt = known[key]
            if expiresAt == nil { expiresAt = try await expiry(of: key) }
            guard let expiresAt else { continue }
            expiries[key] = expiresAt
            guard expiresAt - now <= span else { continue }
            if let alarm = try await alarm(key, sequence, expiresAt) { alarms.append(alarm) }
        }
        alarms.sort { ($0.expiresAt, $0.sequence) < ($1.expiresAt, $1.sequence) }
        tell(of: alarms, expiries, at: now)
        return open.count
    }

    /// The events that something is still to be done about, page by page.
    private func openEntries() async throws(JournalError) -> [JournalEntry] {
        var query = EntryQuery()
        query.states = [.pending, .running, .waiting]
        query.types = ["video.completed"]
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

    private func expiry(of key: Key) async throws(JournalError) -> Timestamp? {
        try await journal.driver.job(provider: key.provider, id: key.videoID)?.expiresAt
    }

    /// The alarm for a video whose link dies soon; nil when its file is here, or is given up.
    private func alarm(
        _ key: Key,
        _ sequence: Int64,
        _ expiresAt: Timestamp
    ) async throws(JournalError) -> Alarm? {
        let files = try await journal.driver.assets(provider: key.provider, videoID: key.videoID)
        switch files.first(where: { $0.variant == "video" })?.state {
        case .fetched, .stored, .absent, .lost, .leaving, .deleted: return nil
        case .pending, .partial, nil: break
        }
        let steps = try await journal.driver.steps(of: [sequence])[sequence] ?? []
        let step = steps.first { $0.state.isOpen }
        return Alarm(
            provider: key.provider,
            videoID: key.videoID,
            sequence: sequence,
            expiresAt: expiresAt,
            step: step?.name,
            attempts: step?.attempts ?? 0,
            reason: step?.reason
        )
    }

    private func tell(of alarms: [Alarm], _ expiries: [Key: Timestamp], at now: Timestamp) {
        let before = state.withLock { state in
            let before = Set(state.alarms.map(\.sequence))
            state.alarms = alarms
            state.expiries = expiries
            return before
        }
        endangered.set(Int64(alarms.count))
        for alarm in alarms where !before.contains(alarm.sequence) {
            warned.increment()
            logger.error(
                "a link dies soon and its video is not here",
                [
                    "video.id": .string(alarm.videoID.rawValue),
                    "provider": .string(alarm.provider),
                    "event.sequence": .integer(alarm.sequence),
                    "expires_at": .string(alarm.expiresAt.description),
                    "step.attempts": .integer(alarm.attempts),
                    "reason": .string(alarm.reason?.code ?? ""),
                ]
            )
        }
    }
}
