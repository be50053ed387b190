import ReelAssets
import ReelEvents
import ReelHTTP
import ReelHandlers
import ReelJournal
import ReelObservability
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

/// Thumbnails and spritesheets: none of them holds up a video, nor takes it along when it is lost.
@Suite(.timeLimit(.minutes(1)))
struct FetchHandlerExtrasTests {
    private let video: ServedFile
    private let thumbnail: ServedFile

    init() throws {
        video = try ServedFile.fixture("video.mp4", "video/mp4")
        thumbnail = try ServedFile.fixture("thumbnail.webp", "image/webp")
    }

    /// What a provider says of a job whose video it has handed over.
    enum Turn: String, CaseIterable {
        case forgets, expires, fails, isOut, refusesKey, goesBack, answersWithHTML

        func status() throws(ProviderError) -> VideoStatus {
            switch self {
            case .forgets: throw ProviderError(.notFound, status: 404)
            case .expires: StubProvider.status("expired")
            case .fails: StubProvider.status("failed")
            case .isOut: throw ProviderError(.overloaded, status: 503, retryAfter: .seconds(900))
            case .refusesKey: throw ProviderError(.unauthorized, status: 401)
            case .goesBack: StubProvider.status("in_progress", pollAfter: .seconds(60))
            case .answersWithHTML: throw ProviderError(.notJSON, status: 200)
            }
        }

        var code: String {
            switch self {
            case .forgets: "forgotten_by_provider"
            case .expires: "expired"
            case .fails: "provider_says_failed"
            case .isOut: "provider_overloaded"
            case .refusesKey: "provider_unauthorized"
            case .goesBack: "not_ready_yet"
            case .answersWithHTML: "provider_not_json"
            }
        }

        /// The waits within the attempt.
        var waits: [Duration] {
            switch self {
            case .expires, .fails: []
            case .forgets: [.seconds(5), .seconds(5)]
            case .isOut, .goesBack: [.seconds(10), .seconds(10)]
            case .refusesKey, .answersWithHTML: [.seconds(1), .seconds(1)]
            }
        }
    }

    @Test(arguments: Turn.allCases)
    func `a video that is here goes on, whatever the provider says of its thumbnail`(
        _ turn: Turn
    ) async throws {
        let harness = try await HandlerHarness()
        let video = video
        let provider = StubProvider(
            retrieve: { index throws(ProviderError) in
                index == 0 ? StubProvider.status() : try turn.status()
            },
            content: { request, _ throws(ProviderError) in try video.answer(request) }
        )
        #expect(await harness.run(harness.fetch(provider)).isDone)
        let handler = harness.fetch(provider, variants: ["video", "thumbnail"])
        let (outcome, waits) = await harness.run(handler, sleeping: turn.waits.count)
        #expect(outcome == .done(note: "thumbnail lost (\(turn.code))"))
        #expect(waits == turn.waits)
        // A breaker is not closed by it.
        #expect(harness.context.hasLeftTargetAlone)
        try await harness.expectFetched(video.bytes)
        let record = try #require(try await harness.record("thumbnail"))
        #expect(record.state == .lost)
        #expect(record.reason?.code == turn.code)
        let metrics = harness.metrics.prometheusText()
        #expect(metrics.contains(#"reelhook_files_total{result="lost"} 1"#))
    }

    @Test(arguments: [Turn.forgets, .expires])
    func `a thumbnail alone is not enough when the video is lost`(_ turn: Turn) async throws {
        let harness = try await HandlerHarness()
        let thumbnail = thumbnail
        let provider = StubProvider(
            retrieve: { index throws(ProviderError) in
                index == 0 ? StubProvider.status() : try turn.status()
            },
            content: { request, _ throws(ProviderError) in try thumbnail.answer(request) }
        )
        #expect(await harness.run(harness.fetch(provider, variants: ["thumbnail"])).isDone)
        let handler = harness.fetch(provider, variants: ["thumbnail", "video"])
        var outcome = await harness.run(handler)
        while outcome.isRetry { outcome = await harness.run(handler) }
        #expect(outcome.isGivenUp)
        #expect(outcome.code == turn.code)
        #expect(try await harness.record()?.state == .lost)
        #expect(try await harness.record("thumbnail")?.state == .fetched)
    }

    @Test func `where nobody asked for the video, one of the others is enough`() async throws {
        let harness = try await HandlerHarness()
        let thumbnail = thumbnail
        let provider = StubProvider(
            retrieve: { index throws(ProviderError) in
                StubProvider.status(index == 0 ? "completed" : "expired")
            },
            content: { request, _ throws(ProviderError) in try thumbnail.answer(request) }
        )
        #expect(await harness.run(harness.fetch(provider, variants: ["thumbnail"])).isDone)
        let both = harness.fetch(provider, variants: ["thumbnail", "spritesheet"])
        #expect(await harness.run(both).isDone)
        #expect(try await harness.record("spritesheet")?.state == .lost)
        let none = try await HandlerHarness()
        let handler = none.fetch(provider, variants: ["thumbnail"])
        #expect(await none.run(handler).isGivenUp)
    }

    @Test func `a thumbnail that keeps failing is given up and the others are not`() async throws {
        let harness = try await HandlerHarness()
        let files = [
            "video": video, "spritesheet": try ServedFile.fixture("progressive.jpg", "image/jpeg"),
        ]
        let provider = StubProvider { request, _ throws(ProviderError) in
            guard let file = files[request.variant] else {
                throw ProviderError(.serverError, status: 500, retryAfter: .seconds(90))
            }
            return try file.answer(request)
        }
        let handler = harness.fetch(provider, variants: ["thumbnail", "video", "spritesheet"])
        // In one attempt: no breaker comes between, and no attempt is spent.
        let (outcome, waits) = await harness.run(handler, sleeping: 2)
        #expect(outcome.isDone)
        #expect(waits == [.seconds(10), .seconds(10)])
        try await harness.expectFetched(video.bytes)
        #expect(try await harness.record("thumbnail")?.state == .absent)
        #expect(try await harness.record("spritesheet")?.state == .fetched)
        #expect(
            provider.contentRequests.map(\.variant)
                == ["video", "thumbnail", "spritesheet", "thumbnail", "thumbnail"]
        )
    }

    @Test func `a thumbnail that comes late is there`() async throws {
        let harness = try await HandlerHarness()
        let (video, thumbnail) = (video, thumbnail)
        let provider = StubProvider { request, index throws(ProviderError) in
            if request.variant == "video" { return try video.answer(request) }
            var file = thumbnail
            if index == 1 { file.cutAfter = 300 }
            return try file.answer(request)
        }
        let handler = harness.fetch(provider, variants: ["video", "thumbnail"]) {
            $0.requestCountMax = 1
        }
        #expect(await harness.run(handler, sleeping: 1).outcome.isDone)
        try await harness.expectFetched(thumbnail.bytes, "thumbnail")
        #expect(provider.contentRequests.last?.offset == 300)
    }

    @Test func `our own disk holds up no video for a thumbnail`() async throws {
        let harness = try await HandlerHarness()
        let (video, thumbnail) = (video, thumbnail)
        let provider = StubProvider { request, _ throws(ProviderError) in
            try (request.variant == "video" ? video : thumbnail).answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        let handler = harness.fetch(
            provider,
            variants: ["video", "thumbnail"],
            disk: BreakingDisk(free: 10),
            reserveByteCount: 100
        )
        #expect(await harness.run(handler, sleeping: 2).outcome.isDone)
        #expect(try await harness.record("thumbnail")?.reason?.code == "disk_full")
    }

    @Test func `called off, it goes on at the next attempt`() async throws {
        let harness = try await HandlerHarness()
        let video = video
        let provider = StubProvider { request, _ throws(ProviderError) in
            guard request.variant == "video" else { throw ProviderError(.overloaded, status: 503) }
            return try video.answer(request)
        }
        let handler = harness.fetch(provider, variants: ["video", "thumbnail"])
        let attempt = Task { await harness.run(handler) }
        await harness.time.waitForSleepers()
        attempt.cancel()
        #expect(await attempt.value == .retry(Reason("cancelled")))
        #expect(try await harness.record("thumbnail")?.state != .absent)
        #expect(await harness.run(handler, sleeping: 1).outcome.isDone)
    }
}

extension HandlerHarness {
    /// Runs a handler that sleeps that often, and says for how long each time.
    func run(
        _ handler: any Handler,
        sleeping count: Int
    ) async -> (outcome: Outcome, waits: [Duration]) {
        async let outcome = run(handler)
        var waits: [Duration] = []
        for _ in 0..<count {
            await time.waitForSleepers()
            if let wait = time.timeToNextSleeper { waits.append(wait) }
            _ = time.advanceToNextSleeper()
        }
        return (await outcome, waits)
    }
}
