internal import ReelHTTP
internal import ReelHTTPClient

/// What lies between the simulated machine and everybody else.
final class SimulatedNetwork {
    /// How often requests and answers are lost on the way.
    struct Weather {
        var refusal = 0.0
        var lostAnswer = 0.0
        var slowness = 0.0
    }

    let world: World
    var weather = Weather()
    private var chance: Chance
    /// Called with each request that is sent.
    var whenAsked: ((HTTPClientRequest) -> Void)?
    /// Answers by host.
    var servers: [(host: String, answer: (HTTPClientRequest) -> Answer)] = []

    init(_ world: World) {
        self.world = world
        chance = Chance(seed: world.seed, stream: 5)
    }

    func server(of request: HTTPClientRequest) -> ((HTTPClientRequest) -> Answer)? {
        servers.first { request.url.hasPrefix("https://" + $0.host + "/") }?.answer
    }

    func delay() -> Duration {
        chance.happens(weather.slowness) ? chance.span(500...25_000) : chance.span(1...80)
    }

    func refuses() -> Bool { chance.happens(weather.refusal) }
    func losesAnswer() -> Bool { chance.happens(weather.lostAnswer) }
    func pieceCount() -> Int { chance.within(1...16) << 10 }
}

/// The client of one simulated process.
final class SimulatedTransport: HTTPTransport, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    private let network: SimulatedNetwork
    private let process: SimulatedProcess

    init(_ network: SimulatedNetwork, _ process: SimulatedProcess) {
        self.network = network
        self.process = process
    }

    func stream(
        _ request: HTTPClientRequest
    ) async throws(HTTPClientError) -> any HTTPClientStream {
        if process.isAlive { network.whenAsked?(request) }
        let limit = request.limits.totalTimeout
        let (there, back) = (network.delay(), network.delay())
        guard there < limit else { throw await timeout(limit) }
        try await wait(there)
        guard !network.refuses(), let server = network.server(of: request) else {
            throw .connectionFailed
        }
        let answer = server(request)
        network.world.trace.note(4, Int64(answer.status))
        guard there + back < limit else { throw await timeout(limit - there) }
        try await wait(back)
        guard !network.losesAnswer() else { throw .interrupted }
        return SimulatedStream(answer, network, process)
    }

    private func timeout(_ span: Duration) async -> HTTPClientError {
        do throws(HTTPClientError) {
            try await wait(span)
            return .timedOut
        } catch {
            return error
        }
    }

    private func wait(_ span: Duration) async throws(HTTPClientError) {
        do {
            try await process.time.sleep(for: span)
        } catch {
            throw .cancelled
        }
    }
}

/// The content of an answer on its way.
final class SimulatedStream: HTTPClientStream, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let head: HTTPClientResponse.Head
    private let network: SimulatedNetwork
    private let process: SimulatedProcess
    private var rest: ArraySlice<UInt8>
    private let breaks: Bool
    private var isCancelled = false

    init(_ answer: Answer, _ network: SimulatedNetwork, _ process: SimulatedProcess) {
        head = HTTPClientResponse.Head(status: HTTPStatus(answer.status), fields: answer.fields)
        self.network = network
        self.process = process
        rest = answer.body[..<(answer.cutAt ?? answer.body.count)]
        breaks = answer.cutAt != nil
    }

    func next() async throws(HTTPClientError) -> [UInt8]? {
        guard !isCancelled else { throw .cancelled }
        do {
            try await process.time.sleep(for: network.delay())
        } catch {
            throw .cancelled
        }
        guard !rest.isEmpty else {
            if breaks { throw .interrupted }
            return nil
        }
        let piece = rest.prefix(network.pieceCount())
        rest = rest.dropFirst(piece.count)
        return Array(piece)
    }

    func cancel() { isCancelled = true }
}
