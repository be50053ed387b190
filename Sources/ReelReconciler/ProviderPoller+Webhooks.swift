internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

extension ProviderPoller {
    /// Says which ends no webhook told of, once the grace in which one may follow is over.
    ///
    /// Of a provider that never sent one none is missed.
    func reportUntold() async throws(JournalError) {
        let uptime = time.uptime()
        let over = state.withLock { state in
            let over = state.untold.filter { uptime - $0.since >= configuration.webhookGrace }
            state.untold.removeAll { uptime - $0.since >= configuration.webhookGrace }
            return state.health.newestWebhook > 0 ? over.map(\.id) : []
        }
        for id in over {
            var query = EntryQuery()
            query.videoID = id
            query.origin = .webhook
            query.limit = 20
            let told = try await journal.driver.entries(query).contains { $0.provider == name }
            guard !told else { continue }
            metrics.untold.increment()
            logger.warning(
                "no webhook told of the end of a video",
                ["video.id": .string(id.rawValue)]
            )
        }
    }
}
