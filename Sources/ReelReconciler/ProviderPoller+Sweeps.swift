internal import ReelEvents
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

extension ProviderPoller {
    /// Reads the list back for videos that nobody told of.
    func sweep() async {
        var wait = configuration.sweepInterval
        do throws(ProviderError) {
            let pages = ListPages(provider, configuration, metrics)
            let oldest = time.now() - configuration.adoptionAge
            try await pages.read(atMost: configuration.sweepPageCountMax) { video in
                await self.compare(video)
            } enough: { page in
                page.allSatisfy { $0.createdAt.map { $0 < oldest } ?? false }
            }
            noteAnswer()
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
                guard case .ended(let terminal, let moment, let reason) = finding(of: video) else {
                    return
                }
                try await observe(id, video, terminal, at: moment, reason)
            }
        } catch {
            note(error)
        }
    }

    private func finding(of video: VideoObject) -> Finding { Finding(video, at: time.now()) }

    /// Begins to follow a video that nobody told of, if it is recent and can still be saved.
    private func adopt(_ id: VideoID, _ video: VideoObject) async throws(JournalError) {
        let now = time.now()
        let isRecent = video.createdAt.map { $0 >= now - configuration.adoptionAge } ?? true
        let isAlive = video.expiresAt.map { $0 > now } ?? true
        guard configuration.adoption == .adopt, isRecent else {
            return metrics.ignored.increment()
        }
        switch finding(of: video) {
        case .underway:
            try await journal.record(news(of: id, video).update(at: now))
        case .ended(.completed, let moment, let reason) where isAlive:
            // Made known first, so that the journal tells that a list was the first to know.
            try await journal.record(news(of: id, video).update(at: now))
            try await observe(id, video, .completed, at: moment, reason)
        case .ended, .lost:
            return metrics.ignored.increment()
        }
        metrics.adopted.increment()
        logger.info("video of the list adopted", ["video.id": .string(id.rawValue)])
    }
}
