package import ReelHTTP
package import ReelHTTPClient
internal import ReelHTTPServer
internal import ReelJSON
package import ReelObservability
package import ReelRuntime
package import ReelWebhooks

/// A server of the `/v1/videos` shape that signs webhooks and misbehaves on request.
///
/// It is mock mode, demo and test double in one. Its jobs live in memory and end with it.
package final class Emulator: Sendable {
    let configuration: EmulatorConfiguration
    let state: Locked<EmulatorState>
    /// The SHA-256 of files by the video's id and the variant, as far as a test asked for them.
    let digests = Locked<[String: String]>([:])
    let time: any TimeSource
    let transport: any HTTPTransport
    let logger: Logger
    private let receiver: Locked<EmulatorConfiguration.Webhook?>
    private let server: Locked<HTTPServer?>
    private let metrics: Metrics
    /// Ids of videos whose end is to be waited for and told of.
    let endings: AsyncStream<String>
    let endingsContinuation: AsyncStream<String>.Continuation

    /// Makes an emulator; it is bound and run by its owner.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, what it does wrong, and the seed of it all.
    ///   - transport: What webhooks are sent through; its owner stops it after the emulator.
    ///   - time: The clock that jobs move by.
    ///   - logger: Gets one line for each webhook that is given up.
    ///   - metrics: Gets the metrics of the listener.
    package init(
        configuration: EmulatorConfiguration,
        transport: any HTTPTransport,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.configuration = configuration
        self.transport = transport
        self.time = time
        self.logger = logger.named("emulator")
        self.metrics = metrics
        var state = EmulatorState(configuration)
        state.fill(min(configuration.videoCount, configuration.jobCountMax), at: time.now())
        state.throttledUntil = time.now() + configuration.throttledFor
        self.state = Locked(state)
        receiver = Locked(configuration.webhook)
        server = Locked(nil)
        (endings, endingsContinuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(configuration.jobCountMax)
        )
    }

    /// Where ends are told of; nil when nowhere.
    var webhook: EmulatorConfiguration.Webhook? { receiver.withLock { $0 } }

    /// Tells of the ends of videos made from now on, there and signed with that secret: for an
    /// owner who knows the receiver's port only after the emulator's own.
    ///
    /// - Throws: `WebhookSecretError` when the text is no secret.
    package func deliver(to url: String, secret: String) throws(WebhookSecretError) {
        let webhook = EmulatorConfiguration.Webhook(
            url: url,
            secret: try WebhookSecret(parsing: secret)
        )
        receiver.withLock { $0 = webhook }
    }

    /// Tells of ends there from now on; nowhere for nil.
    func tell(_ webhook: EmulatorConfiguration.Webhook?) { receiver.withLock { $0 = webhook } }

    /// Answers a request; what the listener calls, and what a test without sockets calls.
    package func respond(_ request: HTTPRequest, _ peer: HTTPPeer) async -> HTTPResponse {
        var exchange = EmulatorExchange(request: request, now: time.now())
        var response: HTTPResponse
        do {
            exchange.route = try EmulatorRoute(request)
            if case .endpoints(.test(let id)) = exchange.route {
                response = try await test(id, exchange)
            } else {
                response = try answer(&exchange)
            }
        } catch {
            response = error.response
        }
        if configuration.createDelay > .zero, exchange.route == .create {
            try? await time.sleep(for: configuration.createDelay)
        }
        let status = response.status.code
        let requestID = state.withLock { state in
            // The control surface is not part of what a test asks the log about.
            if !exchange.isControl { state.log.add(exchange.line(status: status)) }
            return state.makeRequestID()
        }
        response.fields.set("x-request-id", requestID)
        return response
    }

    /// Starts to listen.
    ///
    /// - Returns: The address and port that were bound.
    /// - Throws: What the listener throws when the address is taken or unknown.
    package func bind() throws -> HTTPPeer {
        var settings = HTTPServerConfiguration(
            binding: .host(configuration.host, port: configuration.port),
            name: "emulator"
        )
        settings.limits.bodyByteCountMax = configuration.bodyByteCountMax
        let server = HTTPServer(
            configuration: settings,
            handler: { [self] request, peer in await respond(request, peer) },
            logger: logger,
            metrics: metrics,
            time: time
        )
        let address = try server.bind()
        self.server.withLock { $0 = server }
        return address
    }

    /// Serves and tells of ends until `stop` is called; `bind` comes first.
    ///
    /// - Throws: What the listener throws when it breaks.
    package func run() async throws {
        guard let server = server.withLock({ $0 }) else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.tellOfEnds() }
            group.addTask { try await server.run() }
            // Whoever ends first ends the other: the listener by `stop`, both by cancellation.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Lets requests in progress end and takes no more.
    ///
    /// Legal twice, and before `run`.
    package func stop() {
        endingsContinuation.finish()
        server.withLock { $0 }?.stop()
    }
}
