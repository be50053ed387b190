internal import ReelConsole
package import ReelEvents
package import ReelHTTP
internal import ReelHTTPServer
package import ReelJournal
package import ReelObservability
internal import ReelReconciler
package import ReelRuntime

/// A service without its sockets: the handlers behind the listeners, and what works by itself.
///
/// It stands on the machine that it is handed, and so runs where there is none.
package struct ServiceCore: Sendable {
    private let parts: ServiceParts
    private let chains: [Chain]

    /// What the public listener serves.
    package let intake: HTTPHandler
    /// What the Unix socket of the commands serves, the console included.
    package let control: HTTPHandler
    /// What everything stands on.
    package var journal: Journal { parts.journal }

    /// Opens the data directory and makes the parts; `wrap` may put something around each chain.
    ///
    /// - Throws: `StartError` or `ConfigurationError`.
    package static func open(
        _ configuration: Configuration,
        on machine: Machine,
        time: any TimeSource,
        random: any RandomSource,
        sink: any LogSink,
        metrics: Metrics,
        wrap: ([Chain]) -> [Chain] = { $0 }
    ) async throws -> ServiceCore {
        let logger = Logger(
            sink: sink,
            level: configuration.log.level,
            time: time,
            component: "service"
        )
        let parts = try await ServiceParts.open(
            configuration,
            ServiceParts.Surroundings(
                time: time,
                random: random,
                logger: logger,
                metrics: metrics,
                machine: machine
            )
        )
        do {
            let readiness = Readiness(parts)
            let intake = try Listeners.intakeRoutes(parts, readiness).handler
            let chains = wrap(try StandardSteps(parts: parts).configuredChains())
            return ServiceCore(
                parts: parts,
                chains: chains,
                intake: intake,
                control: Console.controlHandler(parts.consoleContext)
            )
        } catch {
            await parts.close()
            throw error
        }
    }

    /// Hands events on until the task is cancelled; several may run at once, each with claims of
    /// its own.
    ///
    /// - Throws: When the journal was closed under it.
    package func dispatch() async throws {
        let dispatcher = parts.makeDispatcher(chains)
        parts.journal.planAppends(by: dispatcher.planner)
        try await dispatcher.run()
    }

    /// Finds out what no webhook tells until the task is cancelled.
    ///
    /// - Throws: When the journal was closed under it.
    package func reconcile() async throws {
        try await parts.makeReconciler()?.run()
    }

    /// Deletes what is old until the task is cancelled.
    ///
    /// - Throws: When the journal was closed under it.
    package func upkeep() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await parts.journalUpkeep.run() }
            group.addTask { try await parts.filesRetention.run() }
            try await group.waitForAll()
        }
    }

    /// Brings replays to their end until the task is cancelled.
    ///
    /// - Throws: When the journal was closed under it.
    package func replay() async throws {
        try await ReplayRunner(parts.consoleContext).run()
    }

    /// Closes everything, when nobody works any more.
    package func close() async {
        parts.stop.open()
        await parts.close()
    }
}
