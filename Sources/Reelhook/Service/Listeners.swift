internal import ReelConsole
internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJournal
internal import ReelObservability
internal import ReelWebhooks

/// The three listeners of a service, bound: the public intake, the private console, and the Unix
/// socket of the commands.
struct Listeners: Sendable {
    let intake: HTTPServer
    let console: HTTPServer
    let control: HTTPServer
    let addresses: ReelhookService.Addresses

    /// Binds all three, or none.
    ///
    /// - Throws: `StartError` with the address that cannot be had.
    static func bind(_ parts: ServiceParts, _ readiness: Readiness) throws -> Listeners {
        let configuration = parts.configuration
        let context = parts.consoleContext
        let intake = server(
            "intake",
            .host(configuration.intake.host, port: configuration.intake.port),
            parts,
            try intakeHandler(parts, readiness)
        )
        let console = server(
            "console",
            .host(configuration.console.host, port: configuration.console.port),
            parts,
            Console.handler(
                context,
                guardedBy: ConsoleGuard(token: configuration.consoleToken?.revealed)
            )
        )
        let control = server(
            "control",
            .unix(path: configuration.dataDirectory + "/.control.sock"),
            parts,
            Console.controlHandler(context)
        )
        let intakePeer = try bind(intake, configuration.intake.description)
        let consolePeer = try bind(console, configuration.console.description)
        _ = try bind(control, configuration.dataDirectory + "/.control.sock")
        return Listeners(
            intake: intake,
            console: console,
            control: control,
            addresses: ReelhookService.Addresses(
                intake: ListenAddress(host: intakePeer.address, port: intakePeer.port),
                console: ListenAddress(host: consolePeer.address, port: consolePeer.port)
            )
        )
    }

    /// Takes no new connections and finishes what runs.
    func stop() {
        intake.stop()
        console.stop()
        control.stop()
    }

    /// What the public listener serves.
    ///
    /// - Throws: `WebhookSecretError` for a secret that is none.
    static func intakeHandler(
        _ parts: ServiceParts,
        _ readiness: Readiness
    ) throws -> HTTPHandler {
        let routes = Intake(
            journal: parts.journal,
            readiness: readiness,
            time: parts.surroundings.time,
            logger: parts.surroundings.logger,
            metrics: parts.surroundings.metrics
        )
        return routes.handler(try endpoints(parts.configuration))
    }

    private static func endpoints(_ configuration: Configuration) throws -> [Intake.Endpoint] {
        try configuration.endpoints.map { settings in
            let secrets = try settings.secrets.map { secret in
                try WebhookSecret(
                    parsing: secret.revealed,
                    compatibility: settings.compatibility
                )
            }
            return Intake.Endpoint(
                name: settings.name,
                path: settings.path,
                provider: settings.provider,
                allowedNetworks: settings.allowedNetworks,
                verifier: WebhookVerifier(
                    source: settings.name,
                    secrets: secrets,
                    tolerance: settings.tolerance,
                    compatibility: settings.compatibility
                )
            )
        }
    }

    private static func server(
        _ name: String,
        _ binding: HTTPServerConfiguration.Binding,
        _ parts: ServiceParts,
        _ handler: @escaping HTTPHandler
    ) -> HTTPServer {
        let settings = parts.configuration.server
        let isIntake = name == "intake"
        var server = HTTPServerConfiguration(binding: binding, name: name)
        // The console and the commands are few; the intake is what the world talks to.
        server.loopCount = isIntake ? settings.intakeLoopCount : 1
        server.limits.bodyByteCountMax =
            isIntake ? settings.intakeBodyByteCountMax : settings.consoleBodyByteCountMax
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
        return HTTPServer(
            configuration: server,
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
