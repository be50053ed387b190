internal import ReelObservability
internal import ReelRuntime
internal import ReelSystem
internal import Reelhook

extension Command {
    static let serve = Command(
        words: ["serve"],
        summary: "Run the service.",
        discussion: """
            Takes signed deliveries on the intake, keeps them in the journal under --data, fetches
            and stores their videos, and polls for the ones nobody told of.

            SIGTERM and SIGINT end it once what it has taken is answered and written. SIGHUP reads
            certificates again. Sockets from systemd are taken over, and with "takeover_seconds" in
            the configuration a new process takes over from the one before it: no client is refused.

            --demo brings along an emulated provider: it creates a video, shows its progress,
            receives the signed webhook, stores the file, says where, and goes on serving.

            Environment: OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_WEBHOOK_SECRET, REELHOOK_LISTEN,
            REELHOOK_CONSOLE, REELHOOK_DATA, REELHOOK_CONFIG, REELHOOK_LOG_LEVEL,
            REELHOOK_TLS_CERTIFICATE, REELHOOK_TLS_KEY, REELHOOK_API_TOKEN, REELHOOK_NOTIFY_URL,
            REELHOOK_NOTIFY_SECRET.
            """,
        options: [
            Option("--listen", "HOST:PORT", "the intake (default 127.0.0.1:8080; port 0: any)"),
            Option("--console", "HOST:PORT", "the console (default 127.0.0.1:8081)"),
            Option("--tls-certificate", "FILE", "the intake's certificate chain in PEM, for HTTPS"),
            Option("--tls-key", "FILE", "the certificate's private key in PEM"),
            Option("--demo", nil, "run with an emulated provider and make a video"),
            Option("--once", nil, "with --demo: end after the first video"),
            Option("--log-level", "LEVEL", "debug, info (default), warning or error"),
        ],
        run: { arguments, tool in
            // A connection is a descriptor, and the usual limit of 1024 is below our own.
            ProcessLimits.raiseDescriptorCountMax()
            Signals.ignoreBrokenPipes()
            if arguments.has("--demo") { return try await Demo(arguments, tool).run() }
            if arguments.has("--once") {
                throw UsageError("--once goes with --demo", command: "serve")
            }
            let service = ReelhookService(try tool.configuration(arguments))
            try await ServiceRun(service: service, tool: tool).run()
            return .done
        }
    )
}

/// Runs a service in the foreground until a signal asks it to stop.
struct ServiceRun: Sendable {
    let service: ReelhookService
    let tool: Tool

    /// Runs until SIGTERM or SIGINT, or until the body returns; SIGHUP has the certificates read.
    ///
    /// - Parameter body: Runs once the service listens; true ends the service.
    /// - Throws: What the service or the body throws.
    func run(
        _ body: @escaping @Sendable (ReelhookService.Addresses) async throws -> Bool = { _ in
            false
        }
    ) async throws {
        let signals = Signals([.terminate, .interrupt, .hangup])
        let listening = Latch()
        let addresses = Locked<ReelhookService.Addresses?>(nil)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask(name: "service") {
                try await service.run { found in
                    tool.say("listening intake \(found.intakeURL)")
                    tool.say("listening console \(found.consoleURL)")
                    addresses.withLock { $0 = found }
                    listening.open()
                }
                return true
            }
            group.addTask(name: "signals") {
                for await signal in signals {
                    switch signal {
                    case .hangup: service.reloadCertificates()
                    case .terminate, .interrupt:
                        service.stop()
                        return false
                    }
                }
                return false
            }
            group.addTask(name: "body") {
                await listening.wait()
                guard let addresses = addresses.withLock({ $0 }) else { return false }
                if try await body(addresses) { service.stop() }
                return false
            }
            // The service's own end is the end; a body that fails ends it too.
            while let isService = try await group.next() {
                if isService { break }
            }
            group.cancelAll()
        }
    }
}
