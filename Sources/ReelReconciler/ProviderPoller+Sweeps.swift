internal import ReelEvents
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

extension ProviderPoller {
    /// What one reading of the list found.
    private struct Sweep {
        /// Nothing older is looked for.
        let oldest: Timestamp
        let isFull: Bool
        var seen: Set<String> = []
    }

    /// Reads the list back for videos that nobody told of, down to where the last reading began;
    /// every so often, and at start, down to the age at which none is adopted any more.
    func sweep() async {
        var wait = configuration.sweepInterval
        let begin = time.now()
        let floor = begin - configuration.adoptionAge
        let mark = state.withLock { $0.sweepMark.next(fullInterval: configuration.fullSweepCount) }
        var sweep = Sweep(oldest: max(mark ?? floor, floor), isFull: mark == nil)
        do throws(ProviderError) {
            let pages = ListPages(provider, configuration, metrics)
            let isWhole = try await pages.read(atMost: configuration.sweepPageCountMax) { video in
                sweep.seen.insert(video.id)
                await self.compare(video)
            } enough: { [oldest = sweep.oldest] page in
                page.allSatisfy { $0.createdAt.map { $0 < oldest } ?? false }
            }
            noteAnswer()
            if isWhole {
                state.withLock { $0.sweepMark.reached(begin - configuration.sweepOverlap) }
                if sweep.isFull { await reportStrangers(sweep) }
            } else {
                logger.warning(
                    "the provider's list is longer than is read back",
                    ["videos": .integer(sweep.seen.count)]
                )
            }
        } catch {
            noteListFailure(error)
            if ProviderFault(error.kind) == .outage { wait = configuration.outageWaitLongest }
        }
        let uptime = time.uptime()
        state.withLock { state in
            state.isSweeping = false
            state.sweepsAt = uptime + wait
        }
        bell.ring()
    }

    /// Says which events told of a video that the provider, asked for its list, does not know.
    ///
    /// Each is told of once; a signature was good, so that it is the provider's contradiction or a
    /// deletion there, and no reason to doubt the event.
    private func reportStrangers(_ sweep: Sweep) async {
        do throws(JournalError) {
            let jobs = try await strangers(sweep)
            let fresh = state.withLock { state in
                let fresh = jobs.filter { !state.strangers.contains($0.id) }
                state.strangers = Set(jobs.map(\.id))
                return fresh
            }
            metrics.strangers.set(Int64(jobs.count))
            for job in fresh {
                logger.warning(
                    "an event told of a video that the provider does not list",
                    ["video.id": .string(job.id.rawValue)]
                )
            }
        } catch {
            note(error)
        }
    }

    /// The videos that events told of and the sweep did not meet, as far back as it went.
    private func strangers(_ sweep: Sweep) async throws(JournalError) -> [VideoJob] {
        let now = time.now()
        var query = JobQuery()
        query.provider = name
        query.states = [.completed, .failed]
        query.limit = 1000
        var strangers: [VideoJob] = []
        // The journal holds no more of that time than the list could, but for the strangers.
        var rest = configuration.sweepPageCountMax * configuration.pageSize
        while rest > 0, strangers.count < configuration.openJobCountMax {
            let page = try await journal.driver.jobs(query)
            strangers += page.filter {
                $0.origin == .event && $0.object == nil && $0.firstSeenAt >= sweep.oldest
                    // One that was told of a moment ago may not be in the list yet.
                    && now - $0.firstSeenAt >= configuration.notFoundAge
                    && !sweep.seen.contains($0.id.rawValue)
            }
            guard page.count == query.limit, let last = page.last,
                last.firstSeenAt >= sweep.oldest
            else { break }
            rest -= page.count
            query.after = last.id
        }
        return strangers
    }

    /// Compares a video of the list with what the journal knows of it.
    private func compare(_ video: VideoObject) async {
        guard let id = VideoID(video.id) else { return metrics.ignored.increment() }
        if isOpen(id) { return await tell(id, video, wish: nil) }
        do {
            guard let job = try await journal.driver.job(provider: name, id: id) else {
                return try await adopt(id, video)
            }
            switch job.state {
            case .open, .completed, .failed, .deleted:
                // Open ones that the book does not have yet are polled before long.
                break
            case .lost:
                // Forgotten once and there again, or given up too early.
                guard case .ended(let terminal, let moment, let reason) = finding(of: video),
                    job.reason?.code != Self.expiredUntold || isAlive(video)
                else { return }
                try await observe(id, video, terminal, at: moment, reason)
            }
        } catch {
            note(error)
        }
    }

    private func finding(of video: VideoObject) -> Finding { Finding(video, at: time.now()) }

    /// The reason code of a video that nobody told of while its link lived.
    private static let expiredUntold = "expired_untold"

    private func isAlive(_ video: VideoObject) -> Bool {
        video.expiresAt.map { $0 > time.now() } ?? true
    }

    /// Begins to follow a video that nobody told of, if it is recent and can still be saved; one
    /// that could have been is known as lost.
    private func adopt(_ id: VideoID, _ video: VideoObject) async throws(JournalError) {
        let now = time.now()
        let isRecent = video.createdAt.map { $0 >= now - configuration.adoptionAge } ?? true
        guard configuration.adoption == .adopt, isRecent else {
            return metrics.ignored.increment()
        }
        switch finding(of: video) {
        case .underway:
            try await journal.record(news(of: id, video).update(at: now))
        case .ended(.completed, let moment, let reason) where isAlive(video):
            // Made known first, so that the journal tells that a list was the first to know.
            try await journal.record(news(of: id, video).update(at: now))
            try await observe(id, video, .completed, at: moment, reason)
        case .ended(.completed, _, _):
            let text = video.expiresAt.map { "the link died at \($0)" }
            return try await mourn(id, video, Reason(Self.expiredUntold, text))
        case .lost: return try await mourn(id, video, Reason(Self.expiredUntold))
        case .ended(.failed, _, _):
            return metrics.ignored.increment()
        }
        metrics.adopted.increment()
        logger.info("video of the list adopted", ["video.id": .string(id.rawValue)])
    }

    /// Remembers a video that was complete and died before this service knew of it, such as while
    /// it was off; it is said once.
    private func mourn(
        _ id: VideoID,
        _ video: VideoObject,
        _ reason: Reason
    ) async throws(JournalError) {
        var update = news(of: id, video).update(at: time.now())
        update.state = .lost
        update.reason = reason
        try await journal.record(update)
        metrics.countLost(reason)
        logger.warning(
            "a video was lost before anybody told of it",
            [
                "video.id": .string(id.rawValue), "reason": .string(reason.description),
            ]
        )
    }
}
