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

struct FetchHandlerVerdictTests {
    private let video: ServedFile

    init() throws {
        video = try ServedFile.fixture("video.mp4", "video/mp4")
    }

    private static func page(_ contentType: String) -> ServedFile {
        let text = "<!doctype html><html><body>" + String(repeating: "x", count: 5000)
        return ServedFile(bytes: Array(text.utf8), contentType: contentType)
    }

    @Test(arguments: ["text/html; charset=utf-8", "video/mp4", "application/octet-stream"])
    func `a page of HTML with status 200 is no video`(_ contentType: String) async throws {
        let harness = try await HandlerHarness()
        let page = Self.page(contentType)
        let provider = StubProvider { request, _ throws(ProviderError) in try page.answer(request) }
        for attempt in 1..<5 {
            let outcome = await harness.run(harness.fetch(provider), attempt: attempt)
            #expect(outcome == .retry(Reason("not_the_medium", "html")))
        }
        let last = await harness.run(harness.fetch(provider), attempt: 5)
        #expect(last == .giveUp(Reason("not_the_medium", "html")))
        #expect(try await harness.record()?.state != .fetched)
    }

    @Test(arguments: ["cut.mp4", "no-moov.mp4", "sound-only.mp4", "error.mp4", "empty.mp4"])
    func `a broken file with the right length is refused and let go`(
        _ name: String
    ) async throws {
        let harness = try await HandlerHarness()
        let bytes = try Fixture.bytes("media/broken/" + name)
        let file = ServedFile(bytes: bytes, contentType: "video/mp4")
        let provider = StubProvider { request, _ throws(ProviderError) in try file.answer(request) }
        let outcome = await harness.run(harness.fetch(provider))
        #expect(outcome.isRetry)
        #expect(outcome.code == "not_the_medium")
        #expect(try await harness.record()?.state == .pending)
        #expect(try FileTree.list(harness.directory.file(".incoming")).isEmpty)
    }

    @Test func `an encoded body is refused`() async throws {
        let harness = try await HandlerHarness()
        let video = video
        let provider = StubProvider { request, _ throws(ProviderError) in
            var answer = try video.answer(request)
            answer.fields.append("Content-Encoding", "gzip")
            return answer
        }
        #expect(await harness.run(harness.fetch(provider)).code == "content_encoded")
    }

    @Test(arguments: [ProviderError.Kind.unauthorized, .billing, .rateLimited], [false, true])
    func `a refusal is an outage unless another key is answered`(
        _ kind: ProviderError.Kind,
        _ isOfOneKey: Bool
    ) async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider { _, _ throws(ProviderError) in
            throw ProviderError(kind, status: 401, isOfOneKey: isOfOneKey)
        }
        let outcome = await harness.run(harness.fetch(provider))
        #expect(outcome.code == "provider_" + kind.rawValue)
        guard case .unavailable = outcome else {
            #expect(isOfOneKey && outcome.isRetry)
            return
        }
        #expect(!isOfOneKey)
    }

    @Test func `the log says what an operator can do`() async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider { _, _ throws(ProviderError) in
            throw ProviderError(.unauthorized, status: 401)
        }
        _ = await harness.run(harness.fetch(provider))
        let line = try #require(
            harness.sink.records.first { $0.message == "a video is not fetched yet" }
        )
        #expect(line.level == .warning)
        let fields = Dictionary(line.fields.map { ($0.key, $0.value) }) { first, _ in first }
        #expect(
            fields["reason"] == .string("provider_unauthorized: unauthorized, HTTP status 401")
        )
        #expect(fields["advice"] == .string(ProviderError.Kind.unauthorized.operatorMessage))
    }

    @Test(arguments: [ProviderError.Kind.notFound, .invalidRequest, .unsupportedValue])
    func `a thumbnail that the provider does not have holds nothing up`(
        _ kind: ProviderError.Kind
    ) async throws {
        let harness = try await HandlerHarness()
        let video = video
        let provider = StubProvider { request, _ throws(ProviderError) in
            guard request.variant == "video" else { throw ProviderError(kind, status: 404) }
            return try video.answer(request)
        }
        let handler = harness.fetch(provider, variants: ["video", "thumbnail"])
        #expect(await harness.run(handler).isDone)
        let record = try #require(try await harness.record("thumbnail"))
        #expect(record.state == .absent)
        #expect(record.reason?.code == "variant_unavailable")
        #expect(await harness.run(handler).isDone)
        #expect(provider.contentRequests.count == 2)
    }

    @Test func `a server that sends the video for every variant has no thumbnail`() async throws {
        let harness = try await HandlerHarness()
        let video = video
        let provider = StubProvider { request, _ throws(ProviderError) in
            try video.answer(request)
        }
        let handler = harness.fetch(provider, variants: ["video", "thumbnail"])
        #expect(await harness.run(handler).isDone)
        let record = try #require(try await harness.record("thumbnail"))
        #expect(record.state == .absent)
        #expect(record.reason == Reason("variant_unavailable", "a video came in its place"))
        try await harness.expectFetched(video.bytes)
        #expect(try FileTree.list(harness.directory.file(".incoming")).count == 1)
    }

    @Test func `what expired before it was saved is said to be lost`() async throws {
        let harness = try await HandlerHarness()
        let past = harness.time.now().secondsSinceEpoch - 1
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in StubProvider.status(expiresAt: past) },
            content: { _, _ throws(ProviderError) in throw ProviderError(.notFound, status: 404) }
        )
        let outcome = await harness.run(harness.fetch(provider, variants: ["video", "thumbnail"]))
        #expect(outcome.isGivenUp)
        #expect(outcome.code == "expired")
        #expect(try await harness.record("video")?.state == .lost)
        #expect(try await harness.record("thumbnail")?.state == .lost)
        #expect(try await harness.record("video")?.reason?.code == "expired")
    }

    @Test func `a status of expired is the end too`() async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in StubProvider.status("expired") },
            content: { _, _ throws(ProviderError) in throw ProviderError(.notFound) }
        )
        #expect(await harness.run(harness.fetch(provider)).code == "expired")
        #expect(provider.contentRequests.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a video that the provider forgot is asked for a few times`(
        _ forgetsStatus: Bool
    ) async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in
                if forgetsStatus { throw ProviderError(.notFound, status: 404) }
                return StubProvider.status()
            },
            content: { _, _ throws(ProviderError) in throw ProviderError(.notFound, status: 404) }
        )
        for attempt in 1...2 {
            let outcome = await harness.run(harness.fetch(provider), attempt: attempt)
            #expect(outcome.isRetry)
            #expect(outcome.code == "forgotten_by_provider")
        }
        let outcome = await harness.run(harness.fetch(provider), attempt: 3)
        #expect(outcome.isGivenUp)
        #expect(outcome.code == "forgotten_by_provider")
        #expect(try await harness.record()?.state == .lost)
    }

    @Test func `a provider that now says failed ends it`() async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in
                StubProvider.status("failed", errorCode: "moderation_blocked")
            },
            content: { _, _ throws(ProviderError) in throw ProviderError(.notFound) }
        )
        let outcome = await harness.run(harness.fetch(provider))
        let reason = Reason("provider_says_failed", "error code moderation_blocked")
        #expect(outcome == .giveUp(reason))
    }

    @Test(arguments: ["in_progress", "queued", "processing"])
    func `a provider that is not there yet is asked again`(_ word: String) async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider(
            retrieve: { index throws(ProviderError) in
                StubProvider.status(word, pollAfter: index == 0 ? .seconds(7) : nil)
            },
            content: { _, _ throws(ProviderError) in throw ProviderError(.notFound) }
        )
        let outcome = await harness.run(harness.fetch(provider))
        #expect(outcome.code == "not_ready_yet")
        #expect(outcome.wait == .seconds(7))
        // It lags: a few minutes are given to it, and not a dozen questions in a row.
        for seconds in [10, 20, 40, 80, 160, 300, 300] {
            #expect(await harness.run(harness.fetch(provider)).wait == .seconds(seconds))
        }
        let job = try await harness.driver.job(provider: "openai", id: harness.videoID)
        #expect(job?.state == .completed)
    }

    @Test func `a wait is the provider's, cut short when the link would die`() async throws {
        let harness = try await HandlerHarness()
        let now = harness.time.now().secondsSinceEpoch
        let cases: [(left: Int64?, asked: Duration?, expected: Duration?)] = [
            (nil, nil, nil), (nil, .seconds(90), .seconds(90)), (3600, nil, nil),
            (3600, .seconds(90), .seconds(90)), (400, .seconds(90), .seconds(50)),
            (400, nil, .seconds(50)), (400, .seconds(3), .seconds(3)), (2, nil, .seconds(1)),
        ]
        for (left, asked, expected) in cases {
            let provider = StubProvider(
                retrieve: { _ throws(ProviderError) in
                    StubProvider.status(expiresAt: left.map { now + $0 } ?? now + 100_000)
                },
                content: { _, _ throws(ProviderError) in
                    throw ProviderError(.notReady, status: 409, retryAfter: asked)
                }
            )
            let outcome = await harness.run(harness.fetch(provider))
            #expect(outcome.code == "provider_not_ready")
            #expect(outcome.wait == expected, "\(String(describing: left)) s left")
        }
    }

    @Test(arguments: [ProviderError.Kind.rateLimited, .serverError, .unreachable, .timedOut])
    func `a provider that is out is told from one that says no`(
        _ kind: ProviderError.Kind
    ) async throws {
        let harness = try await HandlerHarness()
        let now = harness.time.now().secondsSinceEpoch
        // Our clock alone is believed after an hour.
        let cases: [(Int64, Bool)] = [(3600, false), (-5, false), (-3595, false), (-3600, true)]
        for (left, isLost) in cases {
            let provider = StubProvider(
                retrieve: { _ throws(ProviderError) in StubProvider.status(expiresAt: now + left) },
                content: { _, _ throws(ProviderError) in
                    throw ProviderError(kind, retryAfter: .seconds(90))
                }
            )
            let outcome = await harness.run(harness.fetch(provider))
            if isLost {
                // The link is dead, and no later try would be one.
                #expect(outcome.code == "expired")
                #expect(outcome.isGivenUp)
                #expect(try await harness.record()?.state == .lost)
            } else {
                let error = ProviderError(kind)
                let reason = Reason("provider_" + kind.rawValue, error.description)
                #expect(outcome == .unavailable(after: .seconds(90), reason))
            }
        }
    }

    @Test(arguments: [(3600, false), (5, true), (0, true)])
    func `how long our own clock alone is not believed is configured`(
        _ graceSeconds: Int64,
        _ isLost: Bool
    ) async throws {
        let harness = try await HandlerHarness()
        let past = harness.time.now().secondsSinceEpoch - 5
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in StubProvider.status(expiresAt: past) },
            content: { _, _ throws(ProviderError) in throw ProviderError(.interrupted) }
        )
        let handler = harness.fetch(provider) { $0.expiryGrace = .seconds(graceSeconds) }
        #expect(await harness.run(handler).isGivenUp == isLost)
    }

    @Test(arguments: ProviderError.Kind.allCases, [true, false])
    func `what is not the video's fault waits as in an outage, and costs it no attempt`(
        _ kind: ProviderError.Kind,
        _ isStatus: Bool
    ) async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in
                if isStatus { throw ProviderError(kind, retryAfter: .seconds(90)) }
                return StubProvider.status()
            },
            content: { _, _ throws(ProviderError) in
                throw ProviderError(kind, retryAfter: .seconds(90))
            }
        )
        let isOwn =
            switch kind.party {
            case .user, .service: true
            // A file that cannot be sent, and a link that is dead.
            case .provider: kind == .expired || (kind == .interrupted && !isStatus)
            case .operator: false
            }
        let outcome = await harness.run(harness.fetch(provider))
        let reason = Reason("provider_" + kind.rawValue, ProviderError(kind).description)
        #expect((outcome == .unavailable(after: .seconds(90), reason)) == !isOwn)
    }

    @Test func `an event of a provider that is not configured is given up`() async throws {
        let harness = try await HandlerHarness()
        let handler = FetchHandler(
            providers: [],
            staging: harness.staging(),
            journal: harness.journal,
            time: harness.time,
            logger: harness.logger,
            metrics: harness.metrics
        )
        #expect(await harness.run(handler).code == "unknown_provider")
    }

    @Test func `a closed journal costs no attempt`() async throws {
        let harness = try await HandlerHarness()
        let video = video
        let provider = StubProvider { request, _ throws(ProviderError) in
            try video.answer(request)
        }
        await harness.driver.close()
        let outcome = await harness.run(harness.fetch(provider))
        #expect(outcome.code == "journal_closed")
        #expect(outcome.wait == .seconds(3))
        #expect(!outcome.isRetry)
    }
}
