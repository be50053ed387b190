internal import ReelCrypto
package import ReelHTTP
package import ReelObservability
package import ReelRuntime
package import ReelSystem

/// Serves HTTP/1.1 on one address: bound first, then run, and stopped from anywhere.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let handler: HTTPHandler
    private let refusal: HTTPRefusal?
    private let logger: Logger
    private let metrics: HTTPServerMetrics
    private let time: any TimeSource
    private let state = Locked(State())
    private let ledger: Locked<ConnectionLedger>
    private let clients: ClientLimits
    private let contentRoom: ContentRoom
    private let tls: TLSCredentials?

    private struct Running {
        let listener: ListeningSocket
        let servers: [ServerLoop]
        /// Carries the one word that stopping has begun.
        let stopped: AsyncStream<Void>.Continuation
    }

    private struct State {
        enum Phase {
            case made
            case bound(ListeningSocket)
            case running(Running)
            case ended
        }

        var phase = Phase.made
        var isHandingOver = false
        var isStopped = false
    }

    /// Makes a server that is not yet bound.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, and its limits.
    ///   - tls: The certificate, for HTTPS; the caller runs what watches its files.
    ///   - refusal: What spares a client to send content that the handler would refuse unread.
    ///   - handler: What answers.
    ///   - logger: Where it says what happens.
    ///   - metrics: Where it counts.
    ///   - time: The clocks.
    package init(
        configuration: HTTPServerConfiguration,
        tls: TLSCredentials? = nil,
        refusal: HTTPRefusal? = nil,
        handler: @escaping HTTPHandler,
        logger: Logger,
        metrics: Metrics,
        time: any TimeSource
    ) {
        self.tls = tls
        self.refusal = refusal
        self.configuration = configuration
        self.handler = handler
        self.logger = logger.named("http").with(["listener": .string(configuration.name)])
        self.metrics = HTTPServerMetrics(metrics, listener: configuration.name)
        self.time = time
        ledger = Locked(
            ConnectionLedger(
                loopCount: max(1, configuration.loopCount),
                connectionCountMax: configuration.connectionCountMax,
                // Twice as many, since the oldest that a new one ends needs a moment to do so.
                refusalCountMax: 2 * configuration.refusalCountMax * configuration.loopCount,
                connectionCountMaxPerClient: configuration.connectionCountMaxPerClient
            )
        )
        clients = ClientLimits(configuration)
        contentRoom = ContentRoom(byteCountMax: configuration.contentByteCountMax)
    }

    /// Takes the address; from now on connections queue up until `run` accepts them.
    ///
    /// - Returns: The address with the port that was chosen if port 0 was asked for.
    /// - Throws: What is wrong with the configuration, or why the address cannot be had.
    package func bind() throws(HTTPServerError) -> HTTPPeer {
        let faults = configuration.faults
        guard faults.isEmpty else { throw .invalidConfiguration(faults) }
        let listener = try Self.listen(configuration.binding)
        try state.withLock { state throws(HTTPServerError) in
            guard case .made = state.phase else { throw .wrongOrder }
            state.phase = .bound(listener)
        }
        logger.info("listening", ["address": .string(listener.address.description)])
        return HTTPPeer(listener.address)
    }

    /// Takes an address without serving it yet: connections queue up.
    ///
    /// - Throws: Why the address cannot be had.
    package static func listen(
        _ binding: HTTPServerConfiguration.Binding
    ) throws(HTTPServerError) -> ListeningSocket {
        let address: SocketAddress
        switch binding {
        case .host(let host, let port):
            guard let parsed = SocketAddress(host: host, port: port) else {
                throw .invalidAddress(host)
            }
            address = parsed
        case .unix(let path): address = .unix(path: path)
        case .listening(let socket): return socket
        case .inherited(let number):
            do {
                return try ListeningSocket.inherited(number)
            } catch {
                throw .notListening(number, error)
            }
        }
        do {
            return try ListeningSocket.bind(address)
        } catch {
            throw HTTPServerError(binding: address, error)
        }
    }

    /// Accepts and serves until `stop`, then until running requests are answered or the drain
    /// timeout is over.
    ///
    /// After that timeout the connections are cut and the tasks of the handlers are cancelled; it
    /// returns when the handlers have. Cancelling the task of `run` does that at once.
    ///
    /// - Throws: When it is not bound or was run before, or the process has no descriptors left.
    package func run() async throws(HTTPServerError) {
        let (stops, stopped) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let servers = try makeLoops()
        defer { for server in servers { server.loop.shutDown() } }
        guard let running = try begin(servers, stopped) else { return }
        if state.withLock({ $0.isHandingOver }) {
            for server in servers { server.stop() }
        }
        await withTaskCancellationHandler {
            await withTaskGroup { group in
                group.addTask { await self.serveAll(running) }
                group.addTask { await self.enforceDrain(servers, stops) }
                while await group.next() != nil { group.cancelAll() }
            }
        } onCancel: {
            stop()
        }
        state.withLock { $0.phase = .ended }
        logger.info("stopped")
    }

    /// Begins to stop: no new connections, idle ones closed, running requests answered.
    ///
    /// Legal from any thread, twice, and before `run`.
    package func stop() {
        let running = state.withLock { state -> Running? in
            guard !state.isStopped else { return nil }
            state.isStopped = true
            switch state.phase {
            case .running(let running): return running
            case .made, .ended: return nil
            case .bound:
                state.phase = .ended
                return nil
            }
        }
        guard let running else { return }
        running.listener.cancel(on: running.servers[0].loop)
        for server in running.servers { server.stop() }
        // The stream holds the one element there ever is.
        _ = running.stopped.yield()
    }

    /// Goes on accepting, and has each connection end with the request that it is at, or with the
    /// first that it makes: for who will stop once another process can accept from the same queue.
    ///
    /// Legal from any thread, twice, and before `run`.
    package func beginHandover() {
        let running = state.withLock { state -> Running? in
            state.isHandingOver = true
            guard case .running(let running) = state.phase else { return nil }
            return running
        }
        for server in running?.servers ?? [] { server.stop() }
    }

    /// Whether all that was under way when this was last asked has ended since; it is asked in
    /// turns, after `beginHandover`.
    package func hasTurnedOver() async -> Bool {
        let running = state.withLock { state -> Running? in
            guard case .running(let running) = state.phase else { return nil }
            return running
        }
        var isTurned = true
        for server in running?.servers ?? [] where await !server.hasTurnedOver() {
            isTurned = false
        }
        return isTurned
    }

    /// Stops and leaves who waits in the queue to the process that takes over; what is under way is
    /// given a moment and no more, since everybody else waits for it.
    package func handOver() {
        let listener = state.withLock { state -> ListeningSocket? in
            switch state.phase {
            case .bound(let listener): listener
            case .running(let running): running.listener
            case .made, .ended: nil
            }
        }
        listener?.leaveQueue()
        stop()
    }

    private func makeLoops() throws(HTTPServerError) -> [ServerLoop] {
        var servers: [ServerLoop] = []
        do {
            for index in 0..<configuration.loopCount {
                let loop = try EventLoop(name: "\(configuration.name)-\(index)")
                servers.append(ServerLoop(loop: loop, time: time))
            }
        } catch {
            for server in servers { server.loop.shutDown() }
            throw .system(error)
        }
        return servers
    }

    /// Moves on to running; nil when it was stopped before.
    private func begin(
        _ servers: [ServerLoop],
        _ stopped: AsyncStream<Void>.Continuation
    ) throws(HTTPServerError) -> Running? {
        try state.withLock { state throws(HTTPServerError) in
            guard !state.isStopped else { return nil }
            switch state.phase {
            case .made, .running, .ended: throw .wrongOrder
            case .bound(let listener):
                let running = Running(listener: listener, servers: servers, stopped: stopped)
                state.phase = .running(running)
                return running
            }
        }
    }

    /// Accepts, and serves what wakes up, until it is told to stop and the last connection ends.
    private func serveAll(_ running: Running) async {
        await withDiscardingTaskGroup { group in
            for server in running.servers {
                group.addTask(executorPreference: server.loop) {
                    await server.runWoken { self.ended($0) }
                }
            }
            group.addTask(executorPreference: running.servers[0].loop) {
                await self.serve(running)
            }
        }
    }

    /// Accepts until it is told to stop, then waits for the connections; on the first loop.
    private func serve(_ running: Running) async {
        let context = HTTPConnection.Context(
            configuration,
            handler: handler,
            refusal: refusal,
            metrics: metrics,
            clients: clients,
            contentRoom: contentRoom
        )
        await withDiscardingTaskGroup { group in
            var count = 0
            while let accepted = await accept(running) {
                count += 1
                // In a flood of connections those of this loop are to be served, too.
                if count.isMultiple(of: 32) { await Task.yield() }
                admit(accepted, running, context, &group)
            }
            // Who has connected before the end is served, unless another process does it.
            while let accepted = await acceptLast(running) {
                admit(accepted, running, context, &group)
            }
            running.listener.close(on: running.servers[0].loop)
        }
    }

    private func admit(
        _ accepted: AcceptedConnection,
        _ running: Running,
        _ context: HTTPConnection.Context,
        _ group: inout DiscardingTaskGroup
    ) {
        let admission = ledger.withLock { $0.connectionAccepted() }
        let server: ServerLoop
        switch admission {
        case .serve(let loop): server = running.servers[loop]
        case .refuse(let loop): server = running.servers[loop]
        case .drop:
            metrics.connectionsRefused.increment()
            return
        }
        group.addTask(executorPreference: server.loop) {
            await self.serve(accepted, admission, on: server, context)
        }
    }

    /// The next connection; nil once the server is stopped.
    private func accept(_ running: Running) async -> AcceptedConnection? {
        let loop = running.servers[0].loop
        while true {
            do {
                return try await running.listener.accept(on: loop)
            } catch {
                switch error {
                case .cancelled: return nil
                case .timedOut, .interrupted, .disconnected: continue
                case .system(let cause):
                    // Out of descriptors or memory: trying again at once would only spin.
                    logger.warning("accepting rests", ["reason": .string(cause.description)])
                    await loop.sleep(until: .after(configuration.exhaustionPause))
                }
            }
        }
    }

    /// The next of those who connected before the end; nil once none is left.
    private func acceptLast(_ running: Running) async -> AcceptedConnection? {
        // The descriptors that are missing are those of connections that are about to end.
        let loop = running.servers[0].loop
        let deadline = Deadline.after(configuration.lingerTimeout)
        while true {
            do {
                return try running.listener.acceptLast()
            } catch {
                guard Deadline.now() < deadline else {
                    logger.warning(
                        "some who connected are not served",
                        ["reason": .string(error.description)]
                    )
                    return nil
                }
                await loop.sleep(until: .after(configuration.exhaustionPause))
            }
        }
    }

    private func serve(
        _ accepted: AcceptedConnection,
        _ admission: ConnectionLedger.Admission,
        on server: ServerLoop,
        _ context: HTTPConnection.Context
    ) async {
        var admission = admission
        guard let socket = try? Socket(accepted, on: server.loop) else {
            return ledger.withLock { $0.connectionEnded(admission) }
        }
        guard let peer = await client(of: socket, on: server, context) else {
            socket.close()
            return ledger.withLock { $0.connectionEnded(admission) }
        }
        var counted: ClientKey?
        if case .serve(let loop) = admission, let key = clients.connectionKey(peer) {
            admission = ledger.withLock { $0.clientArrived(key, on: loop) }
            if case .serve = admission {
                counted = key
            } else {
                metrics.clientConnectionsRefused.increment()
            }
        } else if case .refuse = admission {
            metrics.connectionsRefused.increment()
        }
        let connection = HTTPConnection(
            transport(over: socket, on: server),
            peer: peer,
            server: server,
            place: HTTPConnection.Place(admission: admission, client: counted),
            context: context
        )
        switch admission {
        case .serve:
            metrics.accepted.increment()
            metrics.connections.add(1)
            guard await connection.run() == .ended else { return }
        case .refuse: await connection.turnAway()
        case .drop: socket.close()
        }
        ended(connection.place)
    }

    /// Takes a connection that has ended off the books.
    private func ended(_ place: HTTPConnection.Place) {
        if case .serve = place.admission { metrics.connections.add(-1) }
        ledger.withLock { ledger in
            if let client = place.client { ledger.clientLeft(client) }
            ledger.connectionEnded(place.admission)
        }
    }

    /// The peer, or whom it speaks for by a PROXY header; nil when that is not as it should be.
    private func client(
        of socket: Socket,
        on server: ServerLoop,
        _ context: HTTPConnection.Context
    ) async -> HTTPPeer? {
        let peer = HTTPPeer(socket.peer)
        guard clients.address.expectsHeader(from: peer) else { return peer }
        server.add(awaited: socket)
        defer { server.remove(awaited: socket) }
        var deadline = server.loop.now.advanced(by: context.timeouts.head)
        while true {
            do throws(SocketError) {
                switch try await socket.readProxyHeader(until: deadline) {
                case .client(let address, let port): return .network(address, port: port)
                case .proxyItself: return peer
                case .refused(let fault): metrics.proxyHeaderRefused(fault.rawValue)
                case nil: metrics.proxyHeaderRefused("ended")
                }
                return nil
            } catch {
                switch error {
                case .timedOut: metrics.proxyHeaderRefused("timed_out")
                case .interrupted:
                    // The server stops: who has connected is about to speak, or is let go.
                    let soon = server.loop.now.advanced(by: context.timeouts.linger)
                    deadline = min(deadline, soon)
                    continue
                case .cancelled, .disconnected, .system: break
                }
                return nil
            }
        }
    }

    private func transport(
        over socket: Socket,
        on server: ServerLoop
    ) -> any ConnectionTransport {
        guard let tls else { return socket }
        return TLSTransport(
            socket,
            session: TLSSession(serving: tls.context),
            scratch: server.scratch,
            metrics: tls.metrics
        )
    }

    /// Waits for the word to stop and then for the drain timeout, and cuts what is left.
    private func enforceDrain(_ servers: [ServerLoop], _ stops: AsyncStream<Void>) async {
        for await _ in stops { break }
        let isAwaited = state.withLock { $0.isHandingOver }
        let drainTimeout = configuration.drainTimeout
        let span = isAwaited ? min(configuration.lingerTimeout, drainTimeout) : drainTimeout
        try? await time.sleep(for: span)
        for server in servers { server.cut() }
    }
}

extension HTTPPeer {
    init(_ address: SocketAddress) {
        switch address {
        case .v4(let number, let port): self = .network(.v4(number), port: port)
        case .v6(let bytes, let port, _):
            let address = IPAddress(networkBytes: bytes)
            self = address.map { .network($0, port: port) } ?? .local("unknown")
        case .unix: self = .local("unix")
        }
    }
}
