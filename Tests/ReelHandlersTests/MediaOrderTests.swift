import ReelAssets
import ReelEvents
import ReelJSON
import ReelJournal
import ReelObservability
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

@testable import ReelHandlers

struct MediaOrderTests {
    private static func order(_ size: String?, _ seconds: JSONValue) throws -> MediaOrder {
        let object: JSONObject = [
            "id": .string("video_1"), "size": .string(orNull: size), "seconds": seconds,
        ]
        return MediaOrder(nil, else: try #require(VideoObject(.object(object))))
    }

    private static func facts(_ duration: Duration?, _ width: Int?, _ height: Int?) -> MediaFacts {
        MediaFacts(format: .mp4, duration: duration, width: width, height: height)
    }

    @Test(arguments: [
        (
            "720x1280", JSONValue.string("4"),
            MediaOrder(duration: .seconds(4), width: 720, height: 1280)
        ),
        ("1x1", .integer(8), MediaOrder(duration: .seconds(8), width: 1, height: 1)),
        ("720x", .string("soon"), MediaOrder()),
        ("720x1280x3", .string("-4"), MediaOrder()),
        ("0x1280", .string("1e99"), MediaOrder()),
        ("auto", .null, MediaOrder()),
    ])
    func `an order is read as far as it says something`(
        _ size: String,
        _ seconds: JSONValue,
        _ order: MediaOrder
    ) throws {
        #expect(try Self.order(size, seconds) == order)
    }

    @Test(arguments: [
        // Within half a second, within a twentieth, beyond both, and nothing to compare.
        (4, facts(.milliseconds(4480), 720, 1280), []),
        (20, facts(.milliseconds(20_990), 720, 1280), []),
        (4, facts(.seconds(3), 720, 1280), ["lasts 3 s, ordered were 4 s"]),
        (4, facts(.milliseconds(4042), 320, 180), ["has 320x180 pixels, ordered were 720x1280"]),
        (
            8, facts(.milliseconds(3042), 1280, 720),
            ["lasts 3.042 s, ordered were 8 s", "has 1280x720 pixels, ordered were 720x1280"]
        ),
        (8, facts(nil, nil, nil), []),
    ])
    func `a file is compared with its order`(
        _ seconds: Int,
        _ facts: MediaFacts,
        _ texts: [String]
    ) {
        let order = MediaOrder(duration: .seconds(seconds), width: 720, height: 1280)
        let differences = order.differences(from: facts, tolerance: .milliseconds(500))
        #expect(differences.map(\.text) == texts)
    }

    @Test func `what was ordered counts, and not what the provider says was`() throws {
        let video = try #require(
            VideoObject(["id": "video_1", "seconds": "4", "size": "720x1280"])
        )
        func order(_ seconds: String?, _ size: String?) -> MediaOrder {
            MediaOrder(OrderedMedia(seconds: seconds, size: size), else: video)
        }
        let echo = MediaOrder(duration: .seconds(4), width: 720, height: 1280)
        #expect(order(nil, nil) == echo)
        #expect(order("soon", "auto") == echo)
        #expect(order("8", nil) == MediaOrder(duration: .seconds(8), width: 720, height: 1280))
        #expect(
            order("8", "1280x720") == MediaOrder(duration: .seconds(8), width: 1280, height: 720)
        )
    }

    @Test func `a video that is not what was ordered is kept, and said to be so`() async throws {
        let harness = try await HandlerHarness()
        let video = try ServedFile.fixture("video.mp4", "video/mp4")
        let provider = StubProvider { request, _ throws(ProviderError) in
            try video.answer(request)
        }
        let outcome = await harness.run(harness.fetch(provider))
        let text = "lasts 3 s, ordered were 4 s, has 320x180 pixels, ordered were 1280x720"
        #expect(outcome == .done(note: "video 27692 bytes (\(text))"))
        #expect(try await harness.record()?.reason == Reason("not_as_ordered", text))
        #expect(harness.sink.records.contains { $0.message == "a video is not what was ordered" })
        harness.context.forget()
        #expect(await harness.run(harness.storing()).isDone)
        #expect(try await harness.record()?.reason?.code == "not_as_ordered")
        let manifest = try JSONParser.parse(harness.stored("manifest.json"))
        #expect(manifest["files"]?.array?.first?["difference"]?.string == text)
        #expect(
            harness.metrics.prometheusText()
                .contains(#"reelhook_media_differences_total{trait="size"} 1"#)
        )
    }

    @Test func `a video that is not what was ordered is given up where that is wanted`()
        async throws
    {
        let harness = try await HandlerHarness()
        let video = try ServedFile.fixture("video.mp4", "video/mp4")
        let provider = StubProvider { request, _ throws(ProviderError) in
            try video.answer(request)
        }
        let outcome = await harness.run(
            harness.fetch(provider) { $0.refusesDifferences = true }
        )
        #expect(outcome.isGivenUp)
        #expect(outcome.code == "not_as_ordered")
        #expect(try await harness.record()?.state == .pending)
        #expect(try FileTree.list(harness.directory.file(".incoming")).isEmpty)
    }

    @Test func `a throttled provider is asked again when it said so, a minute long`()
        async throws
    {
        let harness = try await HandlerHarness()
        let video = try ServedFile.fixture("video.mp4", "video/mp4")
        let (time, start) = (harness.time, harness.time.now())
        let provider = StubProvider(
            retrieve: { _ throws(ProviderError) in
                let left = start + .seconds(60) - time.now()
                guard left <= .zero else {
                    throw ProviderError(.rateLimited, status: 429, retryAfter: left)
                }
                return StubProvider.status()
            },
            content: { request, _ throws(ProviderError) in try video.answer(request) }
        )
        let first = await harness.run(harness.fetch(provider))
        #expect(first.isRetry)
        #expect(first.wait == .seconds(60))
        harness.time.advance(by: .seconds(45))
        #expect(await harness.run(harness.fetch(provider), attempt: 2).wait == .seconds(15))
        harness.time.advance(by: .seconds(15))
        #expect(await harness.run(harness.fetch(provider), attempt: 3).isDone)
        try await harness.expectFetched(video.bytes)
    }
}
