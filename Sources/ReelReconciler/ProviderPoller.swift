internal import ReelEvents
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// Polls one provider and reads its list back.
final class ProviderPoller: Sendable {
    struct State {
        var book: PollBook
        var health: WebhookHealth
        /// The journal may know of jobs that the book does not.
        var isStale = true
        /// When a reading of them is due at the latest, and when it may come at the earliest.
        var refreshesAt: Duration = .zero
        var mayRefreshAt: Duration = .zero
        var sweepsAt: Duration = .zero
        var isSweeping = false
        var sweepMark = SweepMark()
        /// Videos that events told of and the list does not hold, as far as that was told.
        var strangers: Set<VideoID> = []
        /// Ends that a poll was the first to find, until it is clear that no webhook follows.
        var untold: [(id: VideoID, since: Duration)] = []
        var isClosed = false
        var journalFailures = 0
    }

    let journal: Journal
    let provider: any VideoProvider
    let configuration: ReconcilerConfiguration
    let time: any TimeSource
    let logger: Logger
    let metrics: ReconcilerMetrics
    let state: Locked<State>
    let bell = Doorbell()

    var name: String { provider.name }

    init(
        journal: Journal,
        provider: any VideoProvider,
        configuration: ReconcilerConfiguration,
        time: any TimeSource,
        random: any RandomSource,
        logger: Logger,
        metrics: ReconcilerMetrics
    ) {
        self.journal = journal
        self.provider = provider
        self.configuration = configuration
        self.time = time
        self.logger = logger
        self.metrics = metrics
        state = Locked(
            State(
                book: PollBook(configuration, random),
                health: WebhookHealth(grace: configuration.webhookGrace)
            )
        )
    }

    func run() async throws {
        let wakeUps = journal.wakeUps(for: .videos)
        await recallWebhooks()
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in wakeUps {
                    self.state.withLock { $0.isStale = true }
                    self.bell.ring()
                }
            }
            while !Task.isCancelled, !state.withLock({ $0.isClosed }) {
                await refreshIfStale()
                await bell.wait(atMost: step(&group), time)
            }
            group.cancelAll()
        }
        if state.withLock({ $0.isClosed }) { throw JournalError.closed }
    }

    /// Starts what is due.
    ///
    /// - Returns: How long there is nothing to do, unless the bell rings.
    private func step(_ group: inout DiscardingTaskGroup) -> Duration {
        let uptime = time.uptime()
        let (action, sweeps, wait) = state.withLock { state in
            let sweeps = uptime >= state.sweepsAt && !state.isSweeping
            if sweeps { state.isSweeping = true }
            let action = state.book.next(at: uptime)
            return (action, sweeps, Self.wait(action, state, at: uptime))
        }
        if sweeps { group.addTask { await self.sweep() } }
        switch action {
        case .retrieve(let ids):
            for id in ids { group.addTask { await self.retrieve(id) } }
        case .list(let ids):
            group.addTask { await self.pollByList(ids) }
        case .wait:
            break
        }
        return wait
    }

    private static func wait(
        _ action: PollBook.Action,
        _ state: State,
        at uptime: Duration
    ) -> Duration {
        var moment = state.isStale ? state.mayRefreshAt : state.refreshesAt
        if !state.isSweeping { moment = min(moment, state.sweepsAt) }
        switch action {
        case .retrieve, .list: return .zero
        case .wait(let until): return max(min(moment, until ?? moment) - uptime, .zero)
        }
    }

    // MARK: The journal's side

    /// Reads the open jobs and the latest webhooks, at most once in the refresh interval.
    private func refreshIfStale() async {
        let uptime = time.uptime()
        let isDue = state.withLock { state in
            let moment = state.isStale ? state.mayRefreshAt : state.refreshesAt
            guard uptime >= moment else { return false }
            state.isStale = false
            state.mayRefreshAt = uptime + configuration.refreshInterval
            state.refreshesAt = uptime + configuration.safetyInterval
            state.book.refreshBegins()
            return true
        }
        guard isDue else { return }
        do {
            let open = try await openJobs()
            let newest = try await newestEntry(.webhook, after: health.newestWebhook)
            let now = time.now()
            let uptime = time.uptime()
            state.withLock { state in
                state.book.refreshed(open, now: now, at: uptime)
                if let newest { state.health.webhookArrived(newest) }
                state.journalFailures = 0
            }
            metrics.open.set(Int64(open.count))
            noteWebhooks()
            try await reportUntold()
        } catch {
            note(error)
            state.withLock { $0.isStale = true }
        }
    }

    private var health: WebhookHealth { state.withLock { $0.health } }

    private func openJobs() async throws(JournalError) -> [VideoJob] {
        var query = JobQuery()
        query.provider = name
        query.states = [.open]
        query.limit = min(1000, configuration.openJobCountMax)
        var jobs: [VideoJob] = []
        while jobs.count < configuration.openJobCountMax {
            let page = try await journal.driver.jobs(query)
            jobs += page
            guard page.count == query.limit else { return jobs }
            query.after = page.last?.id
        }
        logger.warning(
            "more open jobs than are followed at once",
            ["jobs": .integer(configuration.openJobCountMax)]
        )
        return jobs
    }

    /// Learns from the journal who told of the latest ends before this start.
    private func recallWebhooks() async {
        do {
            let webhook = try await newestEntry(.webhook, after: 0)
            let poll = try await newestEntry(.poll, after: 0)
            let uptime = time.uptime()
            state.withLock { state in
                if let webhook { state.health.webhookArrived(webhook) }
                if let poll { state.health.pollWasFirst(poll, at: uptime) }
                state.health.look(at: uptime + configuration.webhookGrace)
            }
            noteWebhooks()
        } catch {
            note(error)
        }
    }

    private func newestEntry(
        _ origin: EntryOrigin,
        after cursor: Int64
    ) async throws(JournalError) -> Int64? {
        var query = EntryQuery()
        query.origin = origin
        query.types = [EventType.videoCompleted.name, EventType.videoFailed.name]
        query.after = cursor
        if origin == .poll {
            let second: Set<EventState> = [.duplicate, .contradicted]
            query.states = EventState.allCases.filter { !second.contains($0) }
        }
        // Some of them may be another provider's.
        query.limit = 20
        return try await journal.driver.entries(query).first { $0.provider == name }?.sequence
    }

    /// Tells the book, the operator and the metrics when webhooks begin or cease to arrive.
    func noteWebhooks() {
        let uptime = time.uptime()
        let change = state.withLock { state -> Bool? in
            state.health.look(at: uptime)
            let arrive = state.health.areArriving
            guard arrive != state.book.webhooksArrive else { return nil }
            state.book.noteWebhooks(arrive: arrive, at: uptime)
            return arrive
        }
        guard let change else { return }
        metrics.webhooksArrive.set(change ? 1 : 0)
        if change {
            logger.info("webhooks arrive, polling less often")
        } else {
            logger.info("webhooks do not arrive, polling more often")
        }
        bell.ring()
    }

    /// Makes a journal error visible, and keeps from asking it again at once.
    func note(_ error: JournalError) {
        metrics.countJournalError(error)
        logger.warning("the journal refused a call", ["journal.error": .string(error.code)])
        let uptime = time.uptime()
        state.withLock { state in
            state.journalFailures += 1
            state.mayRefreshAt = uptime + configuration.outageWait(state.journalFailures)
            if error == .closed { state.isClosed = true }
        }
        if error == .closed { bell.ring() }
    }
}
