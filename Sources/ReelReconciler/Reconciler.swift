package import ReelJournal
package import ReelObservability
package import ReelProviders
package import ReelRuntime

/// Finds out what no webhook tells: polls open jobs, and reads the providers' lists back.
///
/// It only ever writes observations and news of jobs into the journal; what follows from them is
/// the dispatcher's business, and the same as for a webhook.
package final class Reconciler: Sendable {
    private let journal: Journal
    private let pollers: [ProviderPoller]
    private let logger: Logger

    /// Makes a reconciler for providers of different names; `run` starts it, once.
    package init(
        journal: Journal,
        providers: [any VideoProvider],
        configuration: ReconcilerConfiguration = ReconcilerConfiguration(),
        time: any TimeSource,
        random: any RandomSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.journal = journal
        self.logger = logger.named("reconciler")
        pollers = providers.map { provider in
            ProviderPoller(
                journal: journal,
                provider: provider,
                configuration: configuration,
                time: time,
                random: random,
                logger: logger.named("reconciler").with(["provider": .string(provider.name)]),
                metrics: ReconcilerMetrics(metrics, provider: provider.name)
            )
        }
    }

    /// Polls until its task is cancelled; what was under way is found out again after a restart.
    ///
    /// - Throws: `JournalError.closed` when the journal was closed under it.
    package func run() async throws {
        await reportOrphans()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for poller in pollers { group.addTask { try await poller.run() } }
            try await group.waitForAll()
        }
    }

    /// Says so when open jobs belong to a provider that the configuration does not have any more.
    private func reportOrphans() async {
        var query = JobQuery()
        query.states = [.open]
        query.limit = 10_000
        do {
            let names = Set(pollers.map(\.name))
            let orphans = try await journal.driver.jobs(query).count {
                !names.contains($0.provider)
            }
            guard orphans > 0 else { return }
            logger.warning("jobs of providers that are not configured", ["jobs": .integer(orphans)])
        } catch {
            logger.warning("the journal refused a call", ["journal.error": .string(error.code)])
        }
    }
}
