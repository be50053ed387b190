import ReelHTTPClient
import ReelObservability
import ReelProviders
import ReelRuntime
import TestSupport

/// A provider whose transport, clock and randomness belong to the test.
struct ProviderFixture {
    static let key = "sk-very-secret-0123456789"

    let provider: OpenAICompatibleProvider
    let transport: StubTransport
    let time: ImmediateTime
    let metrics = Metrics()

    init(
        baseURL: String = "https://api.example.com/v1",
        limits: ProviderLimits = ProviderLimits(),
        _ responder: @escaping StubTransport.Responder
    ) throws {
        transport = StubTransport(responder)
        time = ImmediateTime()
        provider = OpenAICompatibleProvider(
            name: "test",
            baseURL: try ProviderBaseURL(baseURL),
            access: ProviderAccess(key: APIKey(Self.key), organization: "org-1", project: "proj-1"),
            transport: transport,
            limits: limits,
            time: time,
            random: SeededRandomSource(seed: 1),
            metrics: metrics
        )
    }

    /// A provider that answers everything alike.
    init(_ answer: StubTransport.Answer) throws {
        try self.init { _, _ in answer }
    }

    /// The same provider over sockets.
    static func connected(
        to server: ScriptedServer,
        client: HTTPClient,
        limits: ProviderLimits = ProviderLimits()
    ) throws -> OpenAICompatibleProvider {
        OpenAICompatibleProvider(
            name: "test",
            baseURL: try ProviderBaseURL(server.url + "/v1"),
            access: ProviderAccess(key: APIKey(key)),
            transport: client,
            limits: limits,
            time: ImmediateTime(),
            random: SeededRandomSource(seed: 1),
            metrics: Metrics()
        )
    }
}

/// A clock that stands still but for the spans somebody waits for, which are over at once.
final class ImmediateTime: TimeSource {
    private let waits = Locked<[Duration]>([])
    private let start = Timestamp(secondsSinceEpoch: 1_795_248_547)

    /// The waits so far.
    var slept: [Duration] { waits.withLock { $0 } }

    func now() -> Timestamp { start + uptime() }
    func uptime() -> Duration { slept.reduce(.zero, +) }

    func sleep(for span: Duration) async throws {
        try Task.checkCancellation()
        waits.withLock { $0.append(span) }
    }
}
