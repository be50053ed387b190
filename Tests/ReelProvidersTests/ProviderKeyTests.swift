import ReelHTTP
import ReelHTTPClient
import ReelObservability
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct ProviderKeyTests {
    private let time = ManualTime()
    private static let video = Array(#"{"id":"video_1","status":"queued"}"#.utf8)

    private static func answer(_ status: Int, _ body: [UInt8]) -> StubTransport.Answer {
        var answer = StubTransport.Answer(status, ["Content-Type": "application/json"])
        answer.pieces = [body]
        return answer
    }

    /// A provider with two keys, whose server answers each with a status; 200 is the video.
    private func provider(
        _ statuses: @escaping @Sendable (_ key: String, HTTPClientRequest) -> Int
    ) throws -> (OpenAICompatibleProvider, StubTransport) {
        let transport = StubTransport { request, _ throws(HTTPClientError) in
            let key = request.fields["Authorization"]?.split(separator: " ").last ?? "-"
            let status = statuses(String(key), request)
            return Self.answer(status, status == 200 ? Self.video : Array(#"{"error":{}}"#.utf8))
        }
        var limits = ProviderLimits()
        limits.retryCountMax = 0
        let provider = OpenAICompatibleProvider(
            name: "openai",
            baseURL: try ProviderBaseURL("https://example.com/v1"),
            access: ProviderAccess(
                keys: ["one", "two"].compactMap { APIKey($0) },
                organization: "org_1",
                project: "proj_1"
            ),
            transport: transport,
            limits: limits,
            time: time,
            random: SeededRandomSource(seed: 1),
            metrics: Metrics()
        )
        return (provider, transport)
    }

    private func keys(_ transport: StubTransport) -> [String] {
        transport.requests.compactMap { $0.fields["Authorization"]?.split(separator: " ").last }
            .map(String.init)
    }

    private let creation = VideoCreation(
        contentType: "application/json",
        body: Array(#"{"prompt":"A reel"}"#.utf8)
    )

    @Test(arguments: [401, 429])
    func `a create goes to the next key when one is refused or throttled`(
        _ status: Int
    ) async throws {
        let (provider, transport) = try provider { key, _ in key == "one" ? status : 200 }
        #expect(try await provider.create(creation).id == "video_1")
        // The refused key rests, and the job belongs to the one that made it.
        _ = try await provider.retrieve("video_1")
        _ = try await provider.create(creation)
        #expect(keys(transport) == ["one", "two", "two", "two"])
        for request in transport.requests {
            #expect(request.fields["OpenAI-Organization"] == "org_1")
            #expect(request.fields["OpenAI-Project"] == "proj_1")
        }
    }

    @Test(arguments: [500, 503, 504, 400, 409])
    func `a create that may have arrived is sent with no other key`(_ status: Int) async throws {
        let (provider, transport) = try provider { _, _ in status }
        await #expect(throws: ProviderError.self) { try await provider.create(creation) }
        #expect(keys(transport) == ["one"])
    }

    @Test func `a job of an unknown key is looked for with all of them`() async throws {
        let (provider, transport) = try provider { key, _ in key == "two" ? 200 : 404 }
        _ = try await provider.retrieve("video_1")
        _ = try await provider.retrieve("video_1")
        #expect(keys(transport) == ["one", "two", "two"])
    }

    @Test func `a job that no key knows is not found`() async throws {
        let (provider, transport) = try provider { _, _ in 404 }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.retrieve("video_1")
        }
        #expect(error?.kind == .notFound)
        #expect(keys(transport) == ["one", "two"])
    }

    @Test func `a key that was throttled is the first again after its wait`() async throws {
        let isThrottled = Locked(true)
        let (provider, transport) = try provider { key, _ in
            key == "one" && isThrottled.withLock({ $0 }) ? 429 : 200
        }
        _ = try await provider.create(creation)
        isThrottled.withLock { $0 = false }
        time.advance(by: .seconds(30))
        _ = try await provider.create(creation)
        #expect(keys(transport) == ["one", "two", "one"])
    }

    @Test func `requests keep to the rate and a burst`() async throws {
        var limits = ProviderLimits()
        limits.requestsPerMinute = 60
        limits.callCountMax = 3
        limits.paceWaitMax = .zero
        let transport = StubTransport { _, _ throws(HTTPClientError) in
            Self.answer(200, Self.video)
        }
        let provider = OpenAICompatibleProvider(
            name: "openai",
            baseURL: try ProviderBaseURL("https://example.com/v1"),
            access: ProviderAccess(key: nil),
            transport: transport,
            limits: limits,
            time: time,
            random: SeededRandomSource(seed: 1),
            metrics: Metrics()
        )
        for _ in 0..<3 { _ = try await provider.retrieve("video_1") }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.retrieve("video_1")
        }
        #expect(error?.kind == .overloaded)
        time.advance(by: .seconds(1))
        _ = try await provider.retrieve("video_1")
        #expect(transport.requests.count == 4)
    }

    @Test func `every kind of error says whose fault it is, and what to do`() {
        #expect(ProviderError.Kind.allCases.count >= 25)
        for kind in ProviderError.Kind.allCases {
            #expect(kind.userMessage.hasSuffix(".") && kind.operatorMessage.hasSuffix("."))
        }
        let parties = Set(ProviderError.Kind.allCases.map(\.party))
        #expect(parties == Set(ProviderError.Kind.Party.allCases))
    }
}
