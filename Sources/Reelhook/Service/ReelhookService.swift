internal import ReelConsole
public import ReelEvents
internal import ReelHTTP
internal import ReelHTTPServer
package import ReelObservability
internal import ReelReconciler
package import ReelRuntime
internal import ReelSystem
internal import ReelWebhooks

/// The whole service: intake, journal, chains, poller and console, started and stopped as one.
///
/// A service runs once. It owns the data directory while it runs; a second one on the same
/// directory says so and stops.
public final class ReelhookService: Sendable {
    private let configuration: Configuration
    private let chains: (@Sendable (StandardSteps) throws -> [Chain])?
    private let surroundings: ServiceParts.Surroundings
    private let stopLatch = Latch()
    /// The certificates in use, for `reloadCertificates`.
    private let credentials = Locked<[TLSCredentials]>([])

    /// Where a running service listens, its free ports chosen.
    public struct Addresses: Sendable, Hashable {
        public let intake: ListenAddress
        public let console: ListenAddress
        /// `https` where the listener has a certificate, else `http`.
        public let intakeScheme: String
        public let consoleScheme: String

        /// Such as `https://203.0.113.7:443`.
        public var intakeURL: String { "\(intakeScheme)://\(intake)" }
        public var consoleURL: String { "\(consoleScheme)://\(console)" }
    }

    /// Makes a service that is not yet running.
    ///
    /// - Parameters:
    ///   - configuration: What it is told, checked already.
    ///   - chains: The chains to run instead of the configuration's, made with the standard steps.
    public convenience init(
        _ configuration: Configuration,
        chains: (@Sendable (StandardSteps) throws -> [Chain])? = nil
    ) {
        let time = SystemTimeSource()
        self.init(
            configuration,
            chains: chains,
            time: time,
            random: SystemRandomSource(),
            sink: StandardErrorLog.sink(isJSON: configuration.log.isJSON),
            metrics: Metrics()
        )
    }

    package init(
        _ configuration: Configuration,
        chains: (@Sendable (StandardSteps) throws -> [Chain])? = nil,
        time: any TimeSource,
        random: any RandomSource,
        sink: any LogSink,
        metrics: Metrics
    ) {
        self.configuration = configuration
        self.chains = chains
        surroundings = ServiceParts.Surroundings(
            time: time,
            random: random,
            logger: Logger(
                sink: sink,
                level: configuration.log.level,
                time: time,
                component: "service"
            ),
            metrics: metrics
        )
    }

    /// Runs until `stop` is called or a part fails, and returns when everything accepted is safe.
    ///
    /// - Parameter onListening: Called once, when deliveries can be taken.
    /// - Throws: `StartError` or `ConfigurationError` when it cannot start; what made a part fail
    ///   after that.
    public func run(
        onListening: @Sendable (Addresses) async -> Void = { _ in }
    ) async throws {
        for warning in configuration.warnings {
            surroundings.logger.warning("configuration", ["warning": .string(warning)])
        }
        try await Listeners.check(configuration, surroundings)
        let inherited = try ListenerSockets.inherited(configuration)
        let (parts, sockets) = try await openParts(inherited)
        do {
            try await serve(parts, sockets, onListening)
            await parts.close()
        } catch {
            await parts.close()
            throw error
        }
    }

    /// Looks at the files of the certificates now, rather than when it is time to; from any thread.
    ///
    /// New connections are served with what is found; a certificate that cannot be used changes
    /// nothing and is logged.
    public func reloadCertificates() {
        for credentials in credentials.withLock({ $0 }) { credentials.reload() }
    }

    /// Opens everything, waiting for the process before this one if it is to, and takes the
    /// sockets that are left to take.
    private func openParts(
        _ inherited: ListenerSockets
    ) async throws -> (ServiceParts, ListenerSockets) {
        let time = surroundings.time
        let deadline = time.uptime() + configuration.takeover
        let takesOver = configuration.takeover > .zero
        var predecessor = Predecessor(configuration)
        var hasSaidSo = false
        while true {
            let hasHeard = takesOver && predecessor.ask()
            do throws(StartError) {
                let parts = try await ServiceParts.open(configuration, surroundings)
                guard takesOver else { return (parts, inherited) }
                do throws(StartError) {
                    let given = predecessor.sockets
                    return (parts, try inherited.completed(with: given, configuration))
                } catch {
                    await parts.close()
                    throw error
                }
            } catch {
                guard case .journal(_, let fault) = error, fault.isInUse,
                    time.uptime() < deadline, !stopLatch.isOpen
                else { throw error }
            }
            if hasHeard, !hasSaidSo {
                hasSaidSo = true
                surroundings.logger.info("waiting for the process before this one")
            }
            try await time.sleep(for: .milliseconds(20))
        }
    }

    /// Asks the service to stop: no new work, what runs is finished or given back.
    ///
    /// Legal at any time, also before `run` and twice.
    public func stop() {
        stopLatch.open()
    }

    private func serve(
        _ parts: ServiceParts,
        _ sockets: ListenerSockets,
        _ onListening: @Sendable (Addresses) async -> Void
    ) async throws {
        let logger = surroundings.logger
        let steps = StandardSteps(parts: parts)
        let chains = try self.chains?(steps) ?? steps.configuredChains()
        let readiness = Readiness(parts)
        let listeners = try await Listeners.bind(parts, sockets, readiness)
        let desk = try sockets.desk(configuration)
        credentials.withLock { $0 = listeners.credentials }
        let dispatcher = parts.makeDispatcher(chains)
        parts.journal.planAppends(by: dispatcher.planner)
        logger.info(
            "service started",
            [
                "intake": .string(listeners.addresses.intake.description),
                "console": .string(listeners.addresses.console.description),
                "version": .string(reelhookVersion),
            ]
        )
        await onListening(listeners.addresses)
        let supervisor = Supervisor(configuration, logger)
        supervisor.tell("READY=1\nSTATUS=Listening on \(listeners.addresses.intakeURL)")
        do {
            try await work(parts, listeners, dispatcher, desk) {
                supervisor.tell("STOPPING=1\nSTATUS=Finishing what runs")
            }
        } catch {
            logger.error("service failed", ["reason": .string("\(error)")])
            throw error
        }
        logger.info("service stopped")
    }

    /// Runs every part until the service is to stop, and then until all have ended.
    private func work(
        _ parts: ServiceParts,
        _ listeners: Listeners,
        _ dispatcher: Dispatcher,
        _ desk: HandoverDesk?,
        onStop: @escaping @Sendable () -> Void
    ) async throws {
        let workEnd = Latch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: "intake") { try await listeners.intake.run() }
            group.addTask(name: "console") { try await listeners.console.run() }
            group.addTask(name: "control") { try await listeners.control.run() }
            if let desk { group.addTask(name: "handover") { await desk.run() } }
            group.addTask(name: "work") {
                defer { workEnd.open() }
                try await self.workBehind(parts, listeners, dispatcher)
            }
            group.addTask(name: "stop") {
                await self.stopLatch.wait()
                onStop()
                parts.stop.open()
                await desk?.end()
                await listeners.stop(leavingTo: desk, after: workEnd)
            }
            try await self.untilAllEnd(&group)
        }
    }

    /// Runs what works behind the listeners until the service is to stop.
    private func workBehind(
        _ parts: ServiceParts,
        _ listeners: Listeners,
        _ dispatcher: Dispatcher
    ) async throws {
        let reconciler = parts.makeReconciler()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for credentials in listeners.credentials {
                group.addTask(name: "certificate") {
                    try await self.untilStopped { await credentials.run() }
                }
            }
            group.addTask(name: "expiry") {
                try await self.untilStopped { try await parts.expiryWatch.run() }
            }
            group.addTask(name: "dispatcher") {
                try await self.untilStopped { try await dispatcher.run() }
            }
            let replays = ReplayRunner(parts.consoleContext)
            group.addTask(name: "replays") {
                try await self.untilStopped { try await replays.run() }
            }
            if let reconciler {
                group.addTask(name: "reconciler") {
                    try await self.untilStopped { try await reconciler.run() }
                }
            }
            group.addTask(name: "upkeep") {
                try await self.untilStopped { try await parts.journalUpkeep.run() }
            }
            group.addTask(name: "files") {
                try await self.untilStopped { try await parts.filesRetention.run() }
            }
            if let sweep = parts.uploadSweep {
                group.addTask(name: "store") {
                    try await self.untilStopped { try await sweep.run() }
                }
            }
            try await self.untilAllEnd(&group)
        }
    }

    /// Waits for every part; when one fails the others stop in order, and the failure is told.
    private func untilAllEnd(
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        do {
            while try await group.next() != nil {}
        } catch {
            stop()
            while await group.nextResult() != nil {}
            throw error
        }
    }

    /// Runs work that never ends by itself, and cancels it when the service stops.
    private func untilStopped(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await work()
                } catch is CancellationError {
                    // That is how it is told to stop.
                }
                return true
            }
            group.addTask { [stopLatch] in
                await stopLatch.wait()
                return false
            }
            _ = try await group.next()
            group.cancelAll()
            while try await group.next() != nil {}
        }
    }
}
