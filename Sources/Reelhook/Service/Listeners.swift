internal import ReelConsole
internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime
internal import ReelSystem
internal import ReelWebhooks

/// The three listeners of a service, bound: the public intake, the private console, and the Unix
/// socket of the commands.
struct Listeners: Sendable {
    let intake: HTTPServer
    let console: HTTPServer
    let control: HTTPServer
    let credentials: [TLSCredentials]
    let addresses: ReelhookService.Addresses
    private let readiness: Readiness
    private let grace: Duration
    private let time: any TimeSource
    private let logger: Logger

    /// Binds all three, or none.
    ///
    /// - Throws: `StartError` with the address that cannot be had, or the certificate that cannot
    ///   be used.
    static func bind(
        _ parts: ServiceParts,
        _ sockets: ListenerSockets,
        _ readiness: Readiness
    ) async throws -> Listeners {
        let configuration = parts.configuration
        let routes = try intakeRoutes(parts, readiness)
        let context = parts.consoleContext
        let consoleGuard = ConsoleGuard(token: configuration.consoleToken?.revealed)
        let intakeTLS = try await credentials(
            configuration.intakeTLS,
            "intake",
            parts.pool,
            parts.surroundings
        )
        let consoleTLS = try await credentials(
            configuration.consoleTLS,
            "console",
            parts.pool,
            parts.surroundings
        )
        let intake = server(
            "intake",
            binding(sockets.intake, configuration.intake),
            parts,
            intakeTLS,
            routes.refusal,
            routes.handler
        )
        let console = server(
            "console",
            binding(sockets.console, configuration.console),
            parts,
            consoleTLS,
            Console.refusal(guardedBy: consoleGuard),
            Console.handler(context, guardedBy: consoleGuard)
        )
        let path = configuration.dataDirectory + "/.control.sock"
        let control = server(
            "control",
            .unix(path: path),
            parts,
            nil,
            nil,
            Console.controlHandler(context)
        )
        let intakePeer = try bind(intake, configuration.intake.description)
        let consolePeer = try bind(console, configuration.console.description)
        _ = try bind(control, path)
        return Listeners(
            intake: intake,
            console: console,
            control: control,
            credentials: [intakeTLS, consoleTLS].compactMap { $0 },
            addresses: ReelhookService.Addresses(
                intake: ListenAddress(host: intakePeer.address, port: intakePeer.port),
                console: ListenAddress(host: consolePeer.address, port: consolePeer.port),
                intakeScheme: intakeTLS == nil ? "http" : "https",
                consoleScheme: consoleTLS == nil ? "http" : "https"
            ),
            readiness: readiness,
            grace: configuration.server.stopGrace,
            time: parts.surroundings.time,
            logger: parts.surroundings.logger
        )
    }

    private static func binding(
        _ socket: ListeningSocket?,
        _ address: ListenAddress
    ) -> HTTPServerConfiguration.Binding {
        socket.map { .listening($0) } ?? .host(address.host, port: address.port)
    }

    private static func credentials(
        _ settings: TLSSettings?,
        _ listener: String,
        _ pool: BlockingPool,
        _ surroundings: ServiceParts.Surroundings
    ) async throws(StartError) -> TLSCredentials? {
        guard let settings else { return nil }
        do throws(TLSCredentialsError) {
            return try await TLSCredentials(
                settings,
                listener: listener,
                pool: pool,
                time: surroundings.time,
                logger: surroundings.logger,
                metrics: surroundings.metrics
            )
        } catch {
            throw .certificate(listener: listener, error.description)
        }
    }

    /// Takes no new connections and finishes what runs.
    ///
    /// While somebody waits to take over, connections are taken until nothing is under way that
    /// takes long, and those who then wait are theirs: nobody waits for longer than it takes to
    /// close here and open there. What does not come to its end within the grace, less the moment
    /// that is kept for the handover itself, does not hold it up.
    func stop(leavingTo desk: HandoverDesk?, after workEnd: Latch) async {
        guard let desk, desk.hasSuccessor else { return stop() }
        logger.info("finishing what takes long before the next process goes on")
        intake.beginHandover()
        console.beginHandover()
        let deadline = time.uptime() + max(grace - .seconds(2), grace / 2)
        while desk.hasSuccessor {
            let hasTurned = [await intake.hasTurnedOver(), await console.hasTurnedOver()]
            if workEnd.isOpen, !hasTurned.contains(false) || time.uptime() >= deadline {
                logger.info("leaving the ports to the next process")
                readiness.noteStopping()
                intake.handOver()
                console.handOver()
                return control.stop()
            }
            guard (try? await time.sleep(for: .milliseconds(50))) != nil else { break }
        }
        stop()
    }

    /// Takes no new connections and finishes what runs.
    private func stop() {
        readiness.noteStopping()
        intake.stop()
        console.stop()
        control.stop()
    }

    /// What the public listener serves.
    ///
    /// - Throws: `WebhookSecretError` for a secret that is none.
    static func intakeRoutes(
        _ parts: ServiceParts,
        _ readiness: Readiness
    ) throws -> HTTPRouter {
        let intake = Intake(
            journal: parts.journal,
            readiness: readiness,
            time: parts.surroundings.time,
            logger: parts.surroundings.logger,
            metrics: parts.surroundings.metrics
        )
        return intake.routes(try endpoints(parts))
    }

    /// Checks what can be checked before a port is taken: certificates, keys and secrets.
    ///
    /// Who shares the port with the process before it would else take its connections, and then
    /// find that it cannot serve them.
    ///
    /// - Throws: `StartError` for a certificate that cannot be used, `WebhookSecretError` for a
    ///   secret that is none.
    static func check(
        _ configuration: Configuration,
        _ surroundings: ServiceParts.Surroundings
    ) async throws {
        for settings in configuration.endpoints { try check(settings) }
        let pool = BlockingPool(threadCount: 1)
        defer { pool.close() }
        _ = try await credentials(configuration.intakeTLS, "intake", pool, surroundings)
        _ = try await credentials(configuration.consoleTLS, "console", pool, surroundings)
    }

    private static func check(_ settings: EndpointSettings) throws(WebhookSecretError) {
        for secret in settings.secrets {
            _ = try WebhookSecret(
                parsing: secret.revealed,
                compatibility: settings.compatibility
            )
        }
    }

    private static func endpoints(_ parts: ServiceParts) throws -> [Intake.Endpoint] {
        try parts.configuration.endpoints.map { settings in
            try check(settings)
            return Intake.Endpoint(
                name: settings.name,
                path: settings.path,
                provider: settings.provider,
                allowedNetworks: settings.allowedNetworks,
                verifier: { [secrets = parts.endpointSecrets] in
                    secrets.verifier(of: settings.name)
                }
            )
        }
    }

    private static func server(
        _ name: String,
        _ binding: HTTPServerConfiguration.Binding,
        _ parts: ServiceParts,
        _ tls: TLSCredentials?,
        _ refusal: HTTPRefusal?,
        _ handler: @escaping HTTPHandler
    ) -> HTTPServer {
        let settings = parts.configuration.server
        let isIntake = name == "intake"
        var server = HTTPServerConfiguration(binding: binding, name: name)
        // The console and the commands are few; the intake is what the world talks to.
        server.loopCount = isIntake ? settings.intakeLoopCount : 1
        server.limits.bodyByteCountMax =
            isIntake ? settings.intakeBodyByteCountMax : settings.consoleBodyByteCountMax
        // The console's users are few and known: a handful of them may send the largest at once.
        server.contentByteCountMax =
            isIntake ? settings.intakeContentByteCountMax : 4 * settings.consoleBodyByteCountMax
        if isIntake {
            let clients = parts.configuration.clients
            let random = parts.surroundings.random
            var limit = RateLimit(seed: (random.next(), random.next()))
            limit.requestsPerSecond = clients.requestsPerSecond
            limit.burst = clients.burst
            limit.clientCountMax = clients.addressCountMax
            server.rateLimit = limit
            server.clientAddress = clients.address
            server.exemptNetworks = clients.exemptNetworks
            server.connectionCountMaxPerClient = clients.connectionCountMax
        }
        server.limits.targetByteCountMax = settings.targetByteCountMax
        server.limits.fieldSectionByteCountMax = settings.headerByteCountMax
        server.limits.fieldCountMax = settings.headerFieldCountMax
        server.bodyRateMin = settings.bodyRateMin
        server.bodyRateGrace = settings.bodyRateGrace
        server.connectionCountMax = isIntake ? settings.connectionCountMax : 512
        server.requestCountMax = settings.requestsPerConnectionMax
        server.headTimeout = settings.headerTimeout
        server.bodyTimeout = settings.bodyTimeout
        server.idleTimeout = settings.idleTimeout
        server.writeTimeout = settings.writeTimeout
        server.drainTimeout = max(settings.stopGrace, .milliseconds(1))
        if let tls { server.openTimeout = tls.settings.handshakeTimeout }
        return HTTPServer(
            configuration: server,
            tls: tls,
            refusal: refusal,
            handler: handler,
            logger: parts.surroundings.logger.named(name),
            metrics: parts.surroundings.metrics,
            time: parts.surroundings.time
        )
    }

    private static func bind(_ server: HTTPServer, _ address: String) throws -> HTTPPeer {
        do throws(HTTPServerError) {
            return try server.bind()
        } catch {
            throw StartError.address(address, error.description)
        }
    }
}
