internal import ReelHTTP
internal import ReelObservability
internal import ReelSystem

/// One connection, served by one task on one loop: read, decode, handle, encode, write, again.
///
/// A task is a few KiB. One that has waited for a request for a while ends, and another one begins
/// when there is something to do.
final class HTTPConnection {
    /// What became of a task's work.
    enum Outcome { case ended, resting }

    /// How serving came to its end.
    private enum Ending {
        /// The client has gone, or nothing is owed to it.
        case closed
        /// A response was the last one: the client is given time to read it.
        case lingering
        /// A response could not be finished.
        case cut
        /// Nothing comes: it goes on when something does.
        case resting
    }

    /// Content up to this size is written in one call with its head.
    private static let joinedByteCountMax = 64 << 10
    /// Reads and answers after which other connections get their turn.
    private static let turnLength = 8
    /// Bytes of the wire after which they do: the work that they make is not seen from what they
    /// come to, such as none for records of TLS without content.
    private static let turnByteCount = 64 << 10

    private let transport: any ConnectionTransport
    private let server: ServerLoop
    private let peer: HTTPPeer
    private let context: Context
    private var gate: RequestGate
    let place: Place
    private var isOpen = false
    private var output: [UInt8] = []
    private var requestCount = 0
    private var turn = 0
    /// The bytes of the wire when the turn began.
    private var turnStart = 0
    private var phase: HTTPRequestDecoder.Progress?
    private var phaseDeadline = Deadline.never
    /// How fast the content has to come that is under way.
    private var pace: BodyPace?
    /// Whether the client owes nothing: it has begun no request that is not answered.
    private(set) var isIdle = true

    init(
        _ transport: any ConnectionTransport,
        peer: HTTPPeer,
        server: ServerLoop,
        place: Place,
        context: Context
    ) {
        self.place = place
        self.transport = transport
        self.peer = peer
        self.server = server
        self.context = context
        gate = RequestGate(peer, context)
    }

    /// Serves the connection until it ends, and closes it, or until it rests; then it is to be run
    /// again when the server's loop says so.
    func run() async -> Outcome {
        server.add(self)
        let ending: Ending
        do {
            if !isOpen { isOpen = try await open() }
            ending = try await isOpen ? serve() : .lingering
        } catch {
            // A failure of the socket: the client has gone, is too slow to read, or was cut.
            if error == .timedOut { context.metrics.timedOut("write") }
            ending = .cut
        }
        switch ending {
        case .closed: transport.close()
        case .cut: transport.reset()
        case .lingering: await linger()
        case .resting:
            rest()
            return .resting
        }
        server.remove(self)
        return .ended
    }

    /// Lets go of the task until there is something to do.
    private func rest() {
        // The decoder has gone with the task that ends.
        output = []
        server.beginRest()
        context.metrics.resting.add(1)
        transport.watchReading(until: phaseDeadline) {
            self.context.metrics.resting.add(-1)
            self.server.wake(self)
        }
    }

    /// Tells a client that there are too many of them, and closes.
    func turnAway() async {
        server.add(self)
        server.beginRefusal(self, atMost: context.configuration.refusalCountMax)
        defer {
            server.endRefusal(self)
            server.remove(self)
        }
        var response = HTTPResponse.text(.serviceUnavailable, "Too many connections\n")
        response.fields.set("Retry-After", "\(context.configuration.retryAfterSeconds)")
        do {
            if try await open() { _ = try await send(response, with: .refusal) }
        } catch {
            return transport.close()
        }
        await linger()
    }

    /// Makes a connection that is idle look for a request once more, and close when there is none;
    /// on the loop's thread.
    func interrupt() {
        transport.interruptReading()
    }

    /// Ends the connection from outside, on the loop's thread.
    func cut() {
        transport.cancel()
    }

    /// Makes the transport ready; false when the client does not speak what is spoken here.
    private func open() async throws(SocketError) -> Bool {
        var deadline = server.loop.now.advanced(by: context.timeouts.opening)
        if server.isStopping { deadline = firstRequestDeadline(deadline) }
        while true {
            do {
                return try await transport.open(until: deadline)
            } catch {
                switch error {
                case .interrupted: deadline = firstRequestDeadline(deadline)
                case .timedOut:
                    context.metrics.timedOut("handshake")
                    throw .disconnected
                case .cancelled, .disconnected, .system: throw error
                }
            }
        }
    }

    /// Until when a client that has connected and not yet asked is waited for once the server
    /// stops: its request is on its way, and nobody else will answer it.
    private func firstRequestDeadline(_ deadline: Deadline) -> Deadline {
        // By the clock and not by the loop's moment, which is old where the machine is busy.
        min(deadline, Deadline.now().advanced(by: context.timeouts.linger))
    }

    private func serve() async throws(SocketError) -> Ending {
        // Locals, since each use of a stored property is an access that is checked at run time.
        var decoder = HTTPRequestDecoder(limits: context.configuration.limits)
        defer { gate.close() }
        while true {
            switch decoder.next() {
            case .needMore:
                if decoder.progress != phase { enter(decoder.progress) }
                if phase == .body, let ending = try await admitContent(&decoder) { return ending }
                if let ending = try await receive(&decoder) { return ending }
            case .continueExpected:
                if let ending = try await decideContent(&decoder) { return ending }
            case .request(let request, let keepAlive):
                isIdle = false
                if let ending = try await answer(request, keepAlive: keepAlive) { return ending }
                phase = nil
                gate.close()
                isIdle = decoder.progress == .idle
                await yieldAfterTurn()
            case .refused(let status, let rule):
                context.metrics.refused(rule)
                let limited = gate.admitUnreadable(at: server.loop.now)
                return try await refuse(status, with: limited)
            }
        }
    }

    /// Asks for the content that a client holds back, or refuses the request without it; an ending
    /// when it was refused, since whether the content follows all the same is then unknown.
    private func decideContent(
        _ decoder: inout HTTPRequestDecoder
    ) async throws(SocketError) -> Ending? {
        if let ending = try await admitContent(&decoder, isAwaited: true) { return ending }
        // Who sends already does not wait (RFC 9110, section 10.1.1).
        if !decoder.hasUndecodedBytes { try await write(HTTPResponseEncoder.continueHead) }
        return nil
    }

    /// Lets a request in whose content has not come whole; an ending when it was refused, since
    /// the content that follows is then not looked at.
    private func admitContent(
        _ decoder: inout HTTPRequestDecoder,
        isAwaited: Bool = false
    ) async throws(SocketError) -> Ending? {
        var refused = gate.makeRoom(for: decoder.contentByteCount)
        if refused == nil, !gate.isOpen || isAwaited {
            let request = decoder.announcedRequest
            switch gate.admit(request.fields, at: server.loop.now) {
            case .letIn(let client):
                if isAwaited { refused = context.refusal?(request, client) }
            case .refused(let response): refused = response
            }
        }
        guard let refused else { return nil }
        requestCount += 1
        let encoder = HTTPResponseEncoder(to: decoder.announcedRequest, keepAlive: false)
        let isWhole = try await send(refused, with: encoder)
        context.metrics.answered(refused.status)
        return isWhole ? .lingering : .cut
    }

    /// Feeds the decoder what comes next; an ending when nothing more does.
    private func receive(
        _ decoder: inout HTTPRequestDecoder
    ) async throws(SocketError) -> Ending? {
        if isIdle, server.isStopping { transport.interruptReading() }
        var rest = Deadline.never
        if phase == .idle {
            rest = server.loop.now.advanced(by: context.timeouts.rest)
        }
        var received: Int?
        while received == nil {
            do throws(SocketError) {
                received = try await feed(&decoder, until: rest)
            } catch {
                switch error {
                case .timedOut where phaseDeadline > server.loop.now && rest <= server.loop.now:
                    guard server.isStopping else { return .resting }
                    rest = .never
                case .timedOut: return try await timedOut()
                case .interrupted:
                    // It is late: a request came with what was there already.
                    guard isIdle else { continue }
                    guard requestCount == 0 else { return .closed }
                    phaseDeadline = firstRequestDeadline(phaseDeadline)
                case .cancelled, .disconnected, .system: return .closed
                }
            }
        }
        guard received != 0 else { return .closed }
        isIdle = false
        await yieldAfterTurn()
        return nil
    }

    /// Waits for bytes and then reads them, so that the buffer is needed for no time.
    private func feed(
        _ decoder: inout HTTPRequestDecoder,
        until rest: Deadline
    ) async throws(SocketError) -> Int {
        while true {
            let limit = min(phaseDeadline, pace?.deadline ?? .never)
            try await transport.waitUntilReadable(until: min(limit, rest))
            let size = phase == .body ? ServerLoop.BufferSize.large : .small
            if let count = try readAvailable(size, { decoder.feed($0) }) {
                pace?.received(count)
                return count
            }
            try await goOn(until: limit)
        }
    }

    /// Reads what is there into a buffer that is needed for no longer than that.
    private func readAvailable(
        _ size: ServerLoop.BufferSize,
        _ take: (Span<UInt8>) -> Void = { _ in }
    ) throws(SocketError) -> Int? {
        var input = server.takeBuffer(size)
        defer { server.giveBack(input) }
        let count = try transport.readAvailable(into: &input)
        if let count { take(input.span.extracting(0..<count)) }
        return count
    }

    /// Before the next read after one that came to nothing: there may always be something to read
    /// that comes to nothing, and a wait that need not wait looks at no deadline.
    private func goOn(until deadline: Deadline) async throws(SocketError) {
        await yieldAfterTurn()
        guard server.loop.now < deadline else { throw .timedOut }
    }

    /// Sets the deadline for a phase of the request.
    private func enter(_ progress: HTTPRequestDecoder.Progress) {
        phase = progress
        let span: Deadline.Span
        switch progress {
        case .idle: span = requestCount == 0 ? context.timeouts.head : context.timeouts.idle
        case .head: span = context.timeouts.head
        case .body: span = context.timeouts.body
        case .ended: span = context.timeouts.linger
        }
        phaseDeadline = server.loop.now.advanced(by: span)
        guard progress == .body else { return pace = nil }
        pace = BodyPace(
            bytesPerSecond: context.configuration.bodyRateMin,
            graceEnd: server.loop.now.advanced(by: context.timeouts.bodyRateGrace)
        )
    }

    private func timedOut() async throws(SocketError) -> Ending {
        switch phase {
        case nil, .idle, .ended: return .closed
        case .head: context.metrics.timedOut("head")
        case .body: context.metrics.timedOut("body")
        }
        return try await refuse(.requestTimeout)
    }

    /// Has a request handled and writes the response; an ending when it was the last one.
    private func answer(
        _ request: HTTPRequest,
        keepAlive: Bool
    ) async throws(SocketError) -> Ending? {
        requestCount += 1
        let response: HTTPResponse
        switch gate.admit(request.fields, at: server.loop.now) {
        case .letIn(let client): response = await context.handler(request, client)
        case .refused(let refusal): response = refusal
        }
        let mayContinue =
            keepAlive && !server.isStopping
            && requestCount < context.configuration.requestCountMax
        let encoder = HTTPResponseEncoder(to: request, keepAlive: mayContinue)
        let isWhole = try await send(response, with: encoder)
        context.metrics.answered(response.status)
        guard isWhole else { return .cut }
        return encoder.keepsAlive(response) ? nil : .lingering
    }

    /// The answers of `refuse`, made once.
    private static let refusals: [HTTPStatus: HTTPResponse] = {
        let statuses = Set(HTTPRule.allCases.map(\.status)).union([.requestTimeout])
        var responses: [HTTPStatus: HTTPResponse] = [:]
        for status in statuses {
            var response = HTTPResponse.text(status, status.reasonPhrase + "\n")
            // What would have been taken (RFC 9110, section 15.5.16).
            if status == .unsupportedMediaType {
                response.fields.set("Accept-Encoding", "identity")
            }
            responses[status] = response
        }
        return responses
    }()

    /// Answers what no handler sees, as the last response.
    private func refuse(
        _ status: HTTPStatus,
        with other: HTTPResponse? = nil
    ) async throws(SocketError) -> Ending {
        let response = other ?? Self.refusals[status] ?? HTTPResponse(status)
        _ = try await send(response, with: .refusal)
        context.metrics.answered(response.status)
        return .lingering
    }

    /// Writes a response; false when its content did not come to its proper end.
    private func send(
        _ response: HTTPResponse,
        with encoder: HTTPResponseEncoder
    ) async throws(SocketError) -> Bool {
        output.removeAll(keepingCapacity: output.capacity <= 2 * Self.joinedByteCountMax)
        let framing = encoder.appendHead(of: response, date: server.date, to: &output)
        guard framing != .none else {
            try await write(output)
            return true
        }
        switch response.body {
        case .empty:
            try await write(output)
        case .bytes(let bytes) where bytes.count <= Self.joinedByteCountMax:
            output.append(contentsOf: bytes)
            try await write(output)
        case .bytes(let bytes):
            try await write(output)
            try await write(bytes)
        case .stream(_, let produce):
            try await write(output)
            return await stream(produce, framing)
        }
        return true
    }

    private func stream(
        _ produce: @Sendable (any HTTPBodyWriter) async throws -> Void,
        _ framing: HTTPResponseEncoder.Framing
    ) async -> Bool {
        let writer = StreamedBodyWriter(
            transport,
            loop: server.loop,
            framing: framing,
            timeout: context.timeouts.write
        )
        do {
            try await produce(writer)
            try await writer.finish()
            return true
        } catch {
            // The maker of the content has said why where it failed; the client sees a reset.
            return false
        }
    }

    private func write(_ bytes: [UInt8]) async throws(SocketError) {
        try await transport.write(bytes, on: server.loop, timeout: context.timeouts.write)
    }

    /// Lets other connections of the loop run: a client that sends without a pause never makes
    /// this one wait.
    private func yieldAfterTurn() async {
        turn += 1
        let received = transport.receivedByteCount
        guard turn >= Self.turnLength || received - turnStart >= Self.turnByteCount else { return }
        (turn, turnStart) = (0, received)
        await Task.yield()
    }

    /// Half-closes and reads for a moment, so that a client that is still sending gets to read the
    /// response: to close with bytes unread is a reset, which may overtake it (RFC 9112, 9.6).
    private func linger() async {
        // No more idle than a request is: it ends by itself, and soon.
        isIdle = false
        let deadline = server.loop.now.advanced(by: context.timeouts.linger)
        await transport.finishWriting(until: deadline)
        _ = try? await drain(until: deadline)
        transport.close()
    }

    /// Reads what is of no interest any more, up to its end or its limit.
    private func drain(until deadline: Deadline) async throws(SocketError) {
        let end = transport.receivedByteCount + context.configuration.lingerByteCountMax
        while transport.receivedByteCount < end {
            try await transport.waitUntilReadable(until: deadline)
            guard try readAvailable(.large) != 0 else { return }
            try await goOn(until: deadline)
        }
    }
}
