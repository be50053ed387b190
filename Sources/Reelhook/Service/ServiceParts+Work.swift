internal import ReelEvents
internal import ReelObservability
internal import ReelReconciler

// The parts of a service that work by themselves.
extension ServiceParts {
    /// What hands events on; several may work on one journal.
    func makeDispatcher(_ chains: [Chain]) -> Dispatcher {
        let settings = DispatcherConfiguration(
            concurrency: configuration.dispatch.concurrencyMax,
            targetConcurrency: configuration.dispatch.targetConcurrencyMax,
            lease: configuration.dispatch.lease,
            grace: configuration.dispatch.stopGrace,
            safetyInterval: configuration.dispatch.safetyInterval,
            expiryGrace: configuration.fetch.expiryGrace,
            breakers: BreakerConfiguration(
                failureCountMax: configuration.dispatch.breakerFailureCountMax,
                probeInterval: configuration.dispatch.breakerProbeInterval,
                patience: configuration.dispatch.breakerPatience
            )
        )
        expiryWatch.follow(chains)
        return Dispatcher(
            journal: journal,
            chains: chains,
            configuration: settings,
            time: surroundings.time,
            random: surroundings.random,
            logger: surroundings.logger.named("dispatcher"),
            metrics: surroundings.metrics,
            locate: { asset in place(of: asset.location ?? "") }
        )
    }

    /// What deletes from the journal what is old.
    var journalUpkeep: JournalUpkeep {
        JournalUpkeep(
            journal: journal,
            retention: configuration.retention,
            clock: upkeepClock,
            time: surroundings.time,
            logger: surroundings.logger.named("upkeep"),
            metrics: surroundings.metrics
        )
    }

    /// What deletes files that are not to be kept.
    var filesRetention: FileRetention {
        FileRetention(
            journal: journal,
            store: store,
            providers: providers,
            settings: configuration.fileRetention,
            bell: fileBell,
            clock: upkeepClock,
            time: surroundings.time,
            logger: surroundings.logger.named("upkeep"),
            metrics: surroundings.metrics
        )
    }

    /// What finds out what no webhook tells; nil when the configuration has it off.
    func makeReconciler() -> Reconciler? {
        guard configuration.polling.isEnabled else { return nil }
        let polling = configuration.polling
        let settings = ReconcilerConfiguration(
            schedule: PollSchedule(whileWebhooksArrive: polling.longestInterval),
            sweepInterval: polling.listInterval,
            adoption: polling.adoptsListed ? .adopt : .ignore,
            deadline: polling.deadline
        )
        return Reconciler(
            journal: journal,
            providers: providers,
            configuration: settings,
            time: surroundings.time,
            random: surroundings.random,
            logger: surroundings.logger.named("reconciler"),
            metrics: surroundings.metrics
        )
    }
}
