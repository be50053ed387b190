import ReelAssets
import ReelEvents
import ReelHTTP
import ReelHandlers
import ReelJournal
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct FetchHandlerTransferTests {
    private let file: ServedFile

    init() throws {
        file = try ServedFile.fixture("video.mp4", "video/mp4")
    }

    @Test func `three files are fetched, hashed and recorded`() async throws {
        let harness = try await HandlerHarness()
        let files = [
            "video": file,
            "thumbnail": try ServedFile.fixture("thumbnail.webp", "image/webp"),
            "spritesheet": try ServedFile.fixture("spritesheet.jpg", "image/jpeg"),
        ]
        let provider = StubProvider { request, _ throws(ProviderError) in
            guard let file = files[request.variant] else { throw ProviderError(.notFound) }
            return try file.answer(request)
        }
        let variants = ["video", "thumbnail", "spritesheet"]
        let outcome = await harness.run(harness.fetch(provider, variants: variants))
        #expect(outcome.isDone)
        for (variant, file) in files { try await harness.expectFetched(file.bytes, variant) }
        #expect(try await harness.record("thumbnail")?.contentType == "image/webp")
        let job = try await harness.driver.job(provider: "openai", id: harness.videoID)
        #expect(job?.status == "completed")
        #expect(job?.state == .completed)
        #expect(job?.object != nil)

        // Nothing is asked for again.
        #expect(await harness.run(harness.fetch(provider, variants: variants)).isDone)
        #expect(provider.contentRequests.count == 3)
        #expect(provider.retrieveCount == 1)
    }

    @Test(arguments: [1, 999, 1000, 1001, 2048, 14_000, 27_691])
    func `a cut transfer goes on where it was cut`(_ cutAfter: Int) async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, index throws(ProviderError) in
            var served = file
            if index < 2 { served.cutAfter = cutAfter }
            return try served.answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
        let requests = provider.contentRequests
        #expect(requests[0].offset == 0)
        #expect(requests[1].offset == Int64(cutAfter))
        #expect(requests[1].entityTag == "\"etag-1\"")
    }

    @Test func `an attempt that gets nowhere leaves the rest to the next`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let cut = StubProvider { request, index throws(ProviderError) in
            var served = file
            served.cutAfter = index == 0 ? 10_000 : 0
            return try served.answer(request)
        }
        let outcome = await harness.run(harness.fetch(cut))
        #expect(outcome.isRetry)
        #expect(outcome.code == "transfer_interrupted")
        let record = try #require(try await harness.record())
        #expect(record.state == .partial)
        #expect(record.byteCount == 10_000)
        #expect(record.entityTag == "\"etag-1\"")

        // A crash after the record: bytes follow that nobody vouched for.
        let key = try #require(
            PartKey(provider: "openai", videoID: "video_1", variant: "video")
        )
        let path = harness.staging().path(key)
        try FileTree.write(try FileTree.read(path) + [1, 2, 3, 4], to: path)

        let whole = StubProvider { request, _ throws(ProviderError) in try file.answer(request) }
        #expect(await harness.run(harness.fetch(whole), attempt: 2).isDone)
        try await harness.expectFetched(file.bytes)
        #expect(whole.contentRequests.map(\.offset) == [10_000])
        #expect(whole.retrieveCount == 1)
    }

    @Test func `requests in one attempt are bounded`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, _ throws(ProviderError) in
            var served = file
            served.cutAfter = 100
            return try served.answer(request)
        }
        let handler = harness.fetch(provider) { $0.requestCountMax = 5 }
        #expect(await harness.run(handler).code == "transfer_interrupted")
        #expect(provider.contentRequests.map(\.offset) == [0, 100, 200, 300, 400])
    }

    @Test func `a changed ETag starts over`() async throws {
        let harness = try await HandlerHarness()
        let old = file
        var new = try ServedFile.fixture("moov-last.mp4", "video/mp4")
        new.entityTag = "\"etag-2\""
        let served = new
        let provider = StubProvider { request, index throws(ProviderError) in
            guard index == 0 else { return try served.answer(request) }
            var cut = old
            cut.cutAfter = 12_345
            return try cut.answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(new.bytes)
        #expect(try await harness.record()?.entityTag == "\"etag-2\"")
    }

    @Test func `a part under another ETag is not appended`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, index throws(ProviderError) in
            var served = file
            if index == 0 { served.cutAfter = 5000 }
            var answer = try served.answer(request)
            if index == 1 { answer.fields.set("ETag", "\"etag-2\"") }
            return answer
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
        #expect(provider.contentRequests.map(\.offset) == [0, 5000, 0])
    }

    @Test(arguments: ["bytes 0-99/27692", "bytes 5001-27691/27692", "junk", "bytes */27692"])
    func `a part that is not the one asked for is not appended`(_ range: String) async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, index throws(ProviderError) in
            var served = file
            if index == 0 { served.cutAfter = 5000 }
            var answer = try served.answer(request)
            if index == 1 { answer.fields.set("Content-Range", range) }
            return answer
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
    }

    @Test func `a 200 to a range request starts over`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, index throws(ProviderError) in
            var served = file
            served.honoursRange = false
            if index < 2 { served.cutAfter = 20_000 - index * 5000 }
            return try served.answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
    }

    @Test func `a 416 that tells the length that is here means that the file is whole`()
        async throws
    {
        let harness = try await HandlerHarness()
        var lying = file
        // More is announced than there is, so that the end looks like a cut.
        lying.declaredByteCount = file.bytes.count + 1000
        let (served, size) = (lying, Int64(file.bytes.count))
        let provider = StubProvider { request, index throws(ProviderError) in
            guard index == 0 else {
                throw ProviderError(.invalidRequest, status: 416, contentByteCount: size)
            }
            return try served.answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
        #expect(provider.contentRequests.map(\.offset) == [0, size])
    }

    @Test func `a 416 starts over`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, index throws(ProviderError) in
            if index == 1 { throw ProviderError(.invalidRequest, status: 416) }
            var served = file
            if index == 0 { served.cutAfter = 5000 }
            return try served.answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
        #expect(provider.contentRequests.map(\.offset) == [0, 5000, 0])
    }

    @Test(arguments: [nil, "W/\"weak\"", "unquoted"])
    func `without a strong ETag nothing is resumed`(_ entityTag: String?) async throws {
        let harness = try await HandlerHarness()
        var file = file
        file.entityTag = entityTag
        let served = file
        let provider = StubProvider { request, index throws(ProviderError) in
            var served = served
            if index == 0 { served.cutAfter = 5000 }
            return try served.answer(request)
        }
        #expect(await harness.run(harness.fetch(provider)).code == "transfer_interrupted")
        #expect(await harness.run(harness.fetch(provider), attempt: 2).isDone)
        try await harness.expectFetched(file.bytes)
        #expect(provider.contentRequests.map(\.offset) == [0, 0])
    }

    @Test func `a body that ends early in good order is gone on with`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, index throws(ProviderError) in
            var served = file
            if index == 0 { served.cutAfter = 9000 }
            var answer = try served.answer(request)
            answer.failure = nil
            return answer
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
        #expect(provider.contentRequests.map(\.offset) == [0, 9000])
    }

    @Test func `a body that is longer than announced is refused`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, _ throws(ProviderError) in
            var served = file
            served.declaredByteCount = file.bytes.count - 1
            return try served.answer(request)
        }
        let outcome = await harness.run(harness.fetch(provider))
        #expect(outcome.code == "length_mismatch")
        #expect(try await harness.record()?.state == .pending)
        #expect(try FileTree.list(harness.directory.file(".incoming")).isEmpty)
    }

    @Test func `a body without a length is taken when it is whole`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, _ throws(ProviderError) in
            var answer = try file.answer(request)
            answer.fields.set("Content-Length", nil)
            return answer
        }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
    }

    @Test func `the disk may fail at any step and the next attempt ends well`() async throws {
        let file = file
        let provider = StubProvider { request, _ throws(ProviderError) in
            var served = file
            served.pieceByteCount = 9000
            return try served.answer(request)
        }
        var stepCount = 0
        while true {
            let harness = try await HandlerHarness()
            let disk = BreakingDisk(after: stepCount)
            let outcome = await harness.run(harness.fetch(provider, disk: disk))
            guard disk.isBroken else {
                #expect(outcome.isDone)
                break
            }
            #expect(outcome.isRetry, "step \(stepCount)")
            #expect(await harness.run(harness.fetch(provider), attempt: 2).isDone)
            try await harness.expectFetched(file.bytes)
            stepCount += 1
        }
        #expect(stepCount >= 8)
    }

    @Test func `our own full disk costs no attempt`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, _ throws(ProviderError) in try file.answer(request) }
        let needed = Int64(file.bytes.count)
        let full = harness.fetch(
            provider,
            disk: BreakingDisk(free: needed + 99),
            reserveByteCount: 100
        )
        let outcome = await harness.run(full)
        #expect(outcome == .postpone(.seconds(60), Reason("disk_full")))
        let filling = harness.fetch(provider, disk: BreakingDisk(after: 4, failure: .diskFull))
        #expect(await harness.run(filling) == .postpone(.seconds(60), Reason("disk_full")))
        let enough = harness.fetch(
            provider,
            disk: BreakingDisk(free: needed + 100),
            reserveByteCount: 100
        )
        #expect(await harness.run(enough).isDone)
    }

    @Test func `a fetched file that somebody removed is fetched again`() async throws {
        let harness = try await HandlerHarness()
        let file = file
        let provider = StubProvider { request, _ throws(ProviderError) in try file.answer(request) }
        #expect(await harness.run(harness.fetch(provider)).isDone)
        FileTree.remove(harness.directory.file(".incoming"))
        #expect(await harness.run(harness.fetch(provider)).isDone)
        try await harness.expectFetched(file.bytes)
    }
}
