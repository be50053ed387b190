package import ReelJournal
internal import ReelWebhooks
internal import Testing

/// The story that the journal of each schema tells: see fixtures/journal/README.md.
package enum JournalStory {
    /// Plays it in a journal that is empty, which is open still afterwards.
    package static func play(_ subject: JournalSubject, in driver: any JournalDriver) async throws {
        let bench = try JournalBench(subject, driver: driver)
        let chain = [RunPlan(chain: "deliver", steps: ["fetch", "store"])]
        for number in 1...3 {
            try await bench.append("wh_\(number)", of: "video_\(number)")
            try await bench.plan(Int64(number), chain)
        }
        let claims = try await bench.claim()
        #expect(claims.map(\.entry.sequence) == [1, 2, 3])
        let fetched = try await bench.settle(claims[0], .done(note: "3 files"))
        guard case .next(let store) = fetched else { throw JournalError.corrupt }
        try await driver.record(asset(bench, .pending))
        try await driver.record(asset(bench, .fetched))
        try await driver.record(asset(bench, .stored))
        _ = try await bench.settle(store, .done(note: nil))
        _ = try await bench.settle(claims[1], .dead(Reason("refused", "by the provider")))
        _ = try await driver.saveCheckpoint(claims[2], Array("half way".utf8))
        _ = try await bench.settle(claims[2], .retry(at: bench.at(900), Reason("interrupted")))
        try await bench.append("wh_4", of: "video_4", type: "video.failed")
        try await bench.append("wh_5", of: "video_5", type: "video.in_progress")
        _ = try await driver.append(bench.observation(.completed, of: "video_1", at: 30))
        _ = try await driver.append(bench.delivery("wh_7", "video.failed", of: "video_1"))
        _ = try await driver.append(bench.delivery("wh_8", body: Array("no JSON".utf8)))
        let first = try await bench.entry(1)
        _ = try await driver.append(EntryDraft(replayOf: first, at: bench.at(60)))
    }

    /// A file with a made-up hash and no place.
    private static func asset(_ bench: JournalBench, _ state: AssetState) throws -> AssetRecord {
        AssetRecord(
            provider: "openai",
            videoID: try bench.video("video_1"),
            variant: "video",
            state: state,
            byteCount: 1_000,
            sha256: "ab",
            contentType: "video/mp4",
            updatedAt: bench.at(20)
        )
    }
}
