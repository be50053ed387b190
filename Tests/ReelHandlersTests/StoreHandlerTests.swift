import ReelAssets
import ReelEvents
import ReelHTTP
import ReelHandlers
import ReelJSON
import ReelJournal
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct StoreHandlerTests {
    private let variants = ["video", "thumbnail", "spritesheet"]

    /// A harness whose video is fetched, its spritesheet absent.
    private func fetched() async throws -> HandlerHarness {
        let harness = try await HandlerHarness()
        let files = [
            "video": try ServedFile.fixture("video.mp4", "video/mp4"),
            "thumbnail": try ServedFile.fixture("thumbnail.webp", "image/webp"),
        ]
        let provider = StubProvider { request, _ throws(ProviderError) in
            guard let file = files[request.variant] else {
                throw ProviderError(.notFound, status: 404)
            }
            return try file.answer(request)
        }
        try #require(await harness.run(harness.fetch(provider, variants: variants)).isDone)
        harness.context.forget()
        return harness
    }

    private func expectStored(_ harness: HandlerHarness) async throws {
        let video = try Fixture.bytes("media/valid/video.mp4")
        #expect(try harness.stored("video.mp4") == video)
        let thumbnail = try Fixture.bytes("media/valid/thumbnail.webp")
        #expect(try harness.stored("thumbnail.webp") == thumbnail)
        #expect(try await harness.record("video")?.state == .stored)
        #expect(try await harness.record("thumbnail")?.state == .stored)
        #expect(try await harness.record("spritesheet")?.state == .absent)
        let names = try FileTree.list(harness.directory.path + "/videos/video_1")
        #expect(names == ["manifest.json", "thumbnail.webp", "video.mp4"])
        let manifest = try JSONParser.parse(harness.stored("manifest.json"))
        let files = try #require(manifest["files"]?.array)
        #expect(files.map { $0["variant"]?.string } == ["thumbnail", "video"])
        #expect(files.map { $0["width"]?.integer } == [320, 320])
        #expect(files[1]["duration_seconds"]?.double == 3)
    }

    @Test func `fetched files are stored and the manifest says what they are`() async throws {
        let harness = try await fetched()
        let outcome = await harness.run(harness.storing())
        #expect(outcome == .done(note: "stored thumbnail, video"))
        try await expectStored(harness)
        #expect(try FileTree.list(harness.directory.file(".incoming")).isEmpty)
        let record = try #require(try await harness.record())
        #expect(record.location == "video_1/video.mp4")

        let manifest = try JSONParser.parse(harness.stored("manifest.json"))
        #expect(manifest["provider"]?.string == "openai")
        #expect(manifest["video_id"]?.string == "video_1")
        #expect(manifest["model"]?.string == "sora-2")
        #expect(manifest["prompt"]?.string == "a \"cat\"")
        #expect(manifest["size"]?.string == "1280x720")
        #expect(manifest["seconds"]?.string == "4")
        let completed = Timestamp(secondsSinceEpoch: 1_795_251_500).description
        #expect(manifest["completed_at"]?.string == completed)
        #expect(manifest["stored_at"]?.string == harness.time.now().description)
        #expect(manifest["event"]?["sequence"]?.integer == harness.event.sequence)
        #expect(manifest["event"]?["type"]?.string == "video.completed")
        #expect(manifest["event"]?["origin"]?.string == "poll")
        let file = manifest["files"]?.array?.last
        #expect(file?["name"]?.string == "video.mp4")
        #expect(file?["content_type"]?.string == "video/mp4")
        #expect(file?["bytes"]?.integer == record.byteCount)
        #expect(file?["sha256"]?.string == record.sha256)
        #expect(file?["height"]?.integer == 180)
        let absence = manifest["absent"]?.array?.first
        #expect(absence?["variant"]?.string == "spritesheet")
        #expect(absence?["reason"]?.string?.hasPrefix("variant_unavailable") == true)
    }

    @Test func `a store that is run again changes nothing`() async throws {
        let harness = try await fetched()
        #expect(await harness.run(harness.storing()).isDone)
        let manifest = try harness.stored("manifest.json")
        harness.time.advance(by: .seconds(60))
        harness.context.forget()
        let again = await harness.run(harness.storing())
        #expect(again == .done(note: "every file was stored"))
        #expect(try harness.stored("manifest.json") == manifest)
    }

    @Test(arguments: [false, true])
    func `a crash at any step is gone on from`(_ isSplit: Bool) async throws {
        var stepCount = 0
        while true {
            let harness = try await fetched()
            let disk = BreakingDisk(after: stepCount, isSplit: isSplit)
            let outcome = await harness.run(harness.storing(disk))
            guard disk.isBroken else {
                #expect(outcome.isDone)
                break
            }
            #expect(outcome == .retry(Reason("disk_failed", "the disk reported error 5")))
            let second = await harness.run(
                harness.storing(BreakingDisk(isSplit: isSplit)),
                attempt: 2
            )
            #expect(second.isDone, "step \(stepCount)")
            try await expectStored(harness)
            stepCount += 1
        }
        #expect(stepCount >= 15)
    }

    @Test func `a file that was put without its record is known by its hash`() async throws {
        let harness = try await fetched()
        let video = try #require(try await harness.record())
        let thumbnail = try #require(try await harness.record("thumbnail"))
        #expect(video.state == .fetched && thumbnail.state == .fetched)
        #expect(await harness.run(harness.storing()).isDone)
        // The records are as they were before: the journal lost the race against the crash.
        for fetched in [video, thumbnail] { try await harness.driver.bring(fetched) }
        #expect(await harness.run(harness.storing(), attempt: 2).isDone)
        try await expectStored(harness)
    }

    @Test func `another file under the name is not replaced`() async throws {
        let harness = try await fetched()
        try FileTree.makeDirectory(harness.directory.path + "/videos")
        try FileTree.makeDirectory(harness.directory.path + "/videos/video_1")
        let other = Array("another".utf8)
        try FileTree.write(other, to: harness.directory.path + "/videos/video_1/video.mp4")
        let outcome = await harness.run(harness.storing())
        #expect(outcome.isGivenUp)
        #expect(outcome.code == "file_occupied")
        #expect(try harness.stored("video.mp4") == other)
    }

    @Test func `a staged file that is gone is to be fetched again`() async throws {
        let harness = try await fetched()
        FileTree.remove(harness.directory.file(".incoming"))
        let outcome = await harness.run(harness.storing())
        #expect(outcome.isGivenUp)
        #expect(outcome.code == "file_missing")
        let records = try await harness.driver.assets(provider: "openai", videoID: harness.videoID)
        #expect(records.contains { $0.state == .pending })
    }

    @Test func `a full disk costs no attempt`() async throws {
        let harness = try await fetched()
        let full = BreakingDisk(after: 3, failure: .diskFull)
        let outcome = await harness.run(harness.storing(full))
        #expect(outcome.code == "disk_full")
        #expect(outcome.wait == .seconds(60))
        #expect(!outcome.isRetry)
    }

    @Test func `with nothing fetched there is nothing to store`() async throws {
        let harness = try await HandlerHarness()
        #expect(await harness.run(harness.storing()).code == "nothing_fetched")
    }

    @Test func `progress that cannot be kept stops before a file moves`() async throws {
        let harness = try await fetched()
        harness.context.breakDown()
        let outcome = await harness.run(harness.storing())
        #expect(outcome.code == "journal_refused")
        #expect(outcome.wait == .seconds(3) && !outcome.isRetry)
        #expect(!FileTree.exists(harness.directory.path + "/videos/video_1/video.mp4"))
    }
}
