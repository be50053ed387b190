import ReelHTTP
import ReelHTTPClient
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelProviders

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
        recalling recallKey: KeyRecall? = nil,
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
            metrics: Metrics(),
            recallKey: recallKey
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

    @Test func `what was kept of a job's key leads to it after a restart`() async throws {
        let (before, _) = try provider { key, _ in key == "two" ? 200 : 429 }
        let kept = try #require(try await before.create(creation).keyPrint)
        let recalled = Locked<[String]>([])
        let recall: KeyRecall = { job in
            recalled.withLock { $0.append(job) }
            return kept
        }
        let (after, transport) = try provider(recalling: recall) { key, _ in
            key == "two" ? 200 : 404
        }
        #expect(try await after.retrieve("video_1").video.keyPrint == kept)
        _ = try await after.delete("video_1")
        #expect(keys(transport) == ["two", "two"])
        // Once it was answered, it is known.
        #expect(recalled.withLock { $0 } == ["video_1"])
    }

    @Test func `a key that only looks like the job's is not believed`() async throws {
        let one = try #require(APIKey("one"))
        let print = KeyPrint(of: one, at: "openai")
        let (provider, transport) = try provider(recalling: { _ in print }) { key, _ in
            key == "two" ? 200 : 404
        }
        _ = try await provider.retrieve("video_1")
        _ = try await provider.retrieve("video_1")
        #expect(keys(transport) == ["one", "two", "two"])
    }

    @Test func `a key that is gone is found out by trying`() async throws {
        let recall: KeyRecall = { _ in KeyPrint(rawValue: 1) }
        let (provider, transport) = try provider(recalling: recall) { key, _ in
            key == "two" ? 200 : 404
        }
        #expect(try await provider.retrieve("video_1").video.id == "video_1")
        #expect(keys(transport) == ["one", "two"])
    }

    @Test func `what is kept of a key differs by key and provider, and is short`() throws {
        let (one, two) = (try #require(APIKey("one")), try #require(APIKey("two")))
        #expect(KeyPrint(of: one, at: "a") == KeyPrint(of: one, at: "a"))
        #expect(KeyPrint(of: one, at: "a") != KeyPrint(of: two, at: "a"))
        #expect(KeyPrint(of: one, at: "a") != KeyPrint(of: one, at: "b"))
    }

    @Test func `a job that no key knows is not found`() async throws {
        let (provider, transport) = try provider { _, _ in 404 }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.retrieve("video_1")
        }
        #expect(error?.kind == .notFound)
        #expect(keys(transport) == ["one", "two"])
    }

    /// What a key answers, as statuses, and which of them is the call's.
    static let outcomes: [(statuses: [Int], told: Int)] = [
        ([404, 404], 404), ([404, 429], 429), ([429, 404], 429), ([401, 404], 401),
        ([404, 401], 401), ([404, 402], 402), ([403, 404], 403), ([404, 403], 403),
        ([401, 403], 401), ([401, 429], 429), ([404, 401, 429, 404], 429),
        ([404, 503], 503), ([429, 502], 502), ([401, 504], 504), ([429, 400], 400),
        ([429, 410], 410), ([404, 500], 500), ([401, 401], 401), ([429, 409], 409),
    ]

    @Test(arguments: outcomes)
    func `the fault that says most is the call's, whichever key met it`(
        _ statuses: [Int],
        _ told: Int
    ) throws {
        let faults = statuses.map { status in
            ProviderAnswer(
                HTTPClientResponse(
                    head: HTTPClientResponse.Head(status: HTTPStatus(status), fields: [:]),
                    body: []
                ),
                limits: ProviderLimits(),
                now: time.now()
            ).refusal()
        }
        #expect(CallFault.outcome(of: faults)?.error.status == told)
    }

    static let refusals: [(kinds: [ProviderError.Kind], isOfOneKey: Bool)] = [
        ([.notFound, .rateLimited], true), ([.unauthorized, .notFound], true),
        ([.forbidden, .billing], true), ([.notFound, .forbidden], true),
        ([.forbidden, .forbidden], false), ([.rateLimited, .unauthorized], false),
        ([.unauthorized], false), ([.notFound, .gatewayError], false),
        ([.rateLimited, .notReady], false),
    ]

    @Test(arguments: refusals)
    func `a refusal is one key's where the provider answered another`(
        _ kinds: [ProviderError.Kind],
        _ isOfOneKey: Bool
    ) {
        let faults = kinds.map { CallFault(ProviderError($0)) }
        #expect(CallFault.outcome(of: faults)?.error.isOfOneKey == isOfOneKey)
    }

    @Test func `among equal faults the first counts, and without one there is none`() {
        let faults = [1, 2].map {
            CallFault(ProviderError(.rateLimited, retryAfter: .seconds($0)))
        }
        #expect(CallFault.outcome(of: faults)?.error.retryAfter == .seconds(1))
        #expect(CallFault.outcome(of: []) == nil)
    }

    @Test(arguments: ProviderError.Kind.allCases)
    func `no fault says less than not found`(_ kind: ProviderError.Kind) {
        for kinds in [[kind, .notFound], [.notFound, kind]] {
            let faults = kinds.map { CallFault(ProviderError($0)) }
            #expect(CallFault.outcome(of: faults)?.error.kind == kind)
        }
    }

    @Test(arguments: ProviderError.Kind.allCases)
    func `no fault hides one that may have arrived`(_ kind: ProviderError.Kind) {
        let lost = CallFault(ProviderError(.gatewayError, status: 502))
        for faults in [[CallFault(ProviderError(kind)), lost], [lost]] {
            #expect(CallFault.outcome(of: faults)?.error.mayHaveArrived == true)
        }
    }

    @Test(arguments: [401, 402, 403, 429])
    func `a job is not unknown while a key that may have made it cannot tell`(
        _ status: Int
    ) async throws {
        let (provider, transport) = try provider { key, _ in key == "one" ? status : 404 }
        // The second time the first key rests and is asked last.
        for _ in 0..<2 {
            let error = await #expect(throws: ProviderError.self) {
                try await provider.retrieve("video_1")
            }
            #expect(error?.status == status)
            #expect(error?.isOfOneKey == true)
        }
        #expect(keys(transport).count == 4)
    }

    @Test func `a job whose key was revoked is not unknown`() async throws {
        let isRevoked = Locked(false)
        let (provider, _) = try provider { key, _ in
            guard key == "one" else { return 404 }
            return isRevoked.withLock { $0 } ? 401 : 200
        }
        _ = try await provider.create(creation)
        isRevoked.withLock { $0 = true }
        for _ in 0..<2 {
            let error = await #expect(throws: ProviderError.self) {
                try await provider.retrieve("video_1")
            }
            #expect(error?.kind == .unauthorized)
        }
    }

    @Test func `a throttled key does not hide the job of another`() async throws {
        let (provider, transport) = try provider { key, _ in key == "one" ? 429 : 200 }
        #expect(try await provider.retrieve("video_1").video.id == "video_1")
        #expect(keys(transport) == ["one", "two"])
    }

    @Test func `a throttled key is not left for another that cannot know its job`() async throws {
        let isThrottled = Locked(false)
        let (provider, transport) = try provider { key, _ in
            guard key == "one" else { return 404 }
            return isThrottled.withLock { $0 } ? 429 : 200
        }
        _ = try await provider.create(creation)
        isThrottled.withLock { $0 = true }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.retrieve("video_1")
        }
        #expect(error?.kind == .rateLimited)
        #expect(keys(transport) == ["one", "one"])
    }

    @Test(arguments: [500, 502, 503, 504])
    func `a create that may have arrived with the second key is told as such`(
        _ status: Int
    ) async throws {
        let (provider, transport) = try provider { key, _ in key == "one" ? 429 : status }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.create(creation)
        }
        #expect(error?.mayHaveArrived == true)
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

    @Test(arguments: [0, 1])
    func `each key has a list, and only it is asked for its own`(_ number: Int) async throws {
        let (provider, transport) = try provider { _, _ in 401 }
        #expect(provider.listCount == 2)
        let page = VideoPageRequest(listNumber: number)
        await #expect(throws: ProviderError.self) { try await provider.list(page) }
        #expect(keys(transport) == [["one", "two"][number]])
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
