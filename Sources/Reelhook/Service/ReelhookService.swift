internal import ReelConsole
public import ReelEvents
internal import ReelHTTP
internal import ReelHTTPServer
package import ReelObservability
internal import ReelReconciler
package import ReelRuntime
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

    /// Where a running service listens, its free ports chosen.
    public struct Addresses: Sendable, Hashable {
        public let intake: ListenAddress
        public let console: ListenAddress
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
        let parts = try await ServiceParts.open(configuration, surroundings)
        do {
            try await serve(parts, onListening)
            await parts.close()
        } catch {
            await parts.close()
            throw error
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
        _ onListening: @Sendable (Addresses) async -> Void
    ) async throws {
        let logger = surroundings.logger
        let steps = StandardSteps(parts: parts)
        let chains = try self.chains?(steps) ?? steps.configuredChains()
        let readiness = Readiness(parts)
        let listeners = try Listeners.bind(parts, readiness)
        let dispatcher = parts.makeDispatcher(chains)
        let reconciler = parts.makeReconciler()
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
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(name: "intake") { try await listeners.intake.run() }
                group.addTask(name: "console") { try await listeners.console.run() }
                group.addTask(name: "control") { try await listeners.control.run() }
                group.addTask(name: "dispatcher") {
                    try await self.untilStopped { try await dispatcher.run() }
                }
                if let reconciler {
                    group.addTask(name: "reconciler") {
                        try await self.untilStopped { try await reconciler.run() }
                    }
                }
                if let bucket = parts.bucket {
                    let sweep = UploadSweep(
                        bucket: bucket,
                        time: self.surroundings.time,
                        logger: logger.named("store")
                    )
                    group.addTask(name: "store") {
                        try await self.untilStopped { try await sweep.run() }
                    }
                }
                group.addTask(name: "stop") {
                    await self.stopLatch.wait()
                    readiness.noteStopping()
                    parts.stop.open()
                    listeners.stop()
                }
                do {
                    while try await group.next() != nil {}
                } catch {
                    // One part failed: the others stop in order, and the failure is told.
                    self.stop()
                    while await group.nextResult() != nil {}
                    throw error
                }
            }
        } catch {
            logger.error("service failed", ["reason": .string("\(error)")])
            throw error
        }
        logger.info("service stopped")
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
