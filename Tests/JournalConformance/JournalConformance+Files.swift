internal import ReelJournal
internal import ReelRuntime
internal import TestSupport
internal import Testing

extension JournalConformance {
    static let files = [
        JournalConformance("stored videos are listed from the one that was stored first") { bench in
            try await bench.store("video_2", "video", byteCount: 20, at: 30)
            try await bench.store("video_1", "video", byteCount: 10, at: 40)
            try await bench.store("video_1", "thumbnail", byteCount: 1, at: 20)
            try await bench.store("video_3", "video", byteCount: 5, at: 50)
            let all = try await bench.driver.storedVideos(from: bench.at(0), limit: 10)
            #expect(all.map(\.id.rawValue) == ["video_1", "video_2", "video_3"])
            #expect(all.map(\.byteCount) == [11, 20, 5])
            #expect(all.map(\.firstAt) == [bench.at(20), bench.at(30), bench.at(50)])
            #expect(all.map(\.lastAt) == [bench.at(40), bench.at(30), bench.at(50)])
            let rest = try await bench.driver.storedVideos(from: bench.at(41), limit: 10)
            #expect(rest.map(\.id.rawValue) == ["video_3"])
            #expect(try await bench.driver.storedVideos(from: bench.at(0), limit: 1).count == 1)
            let totals = try await bench.driver.storedTotals()
            #expect(totals == StoredTotals(videoCount: 3, byteCount: 36))
        },
        JournalConformance("files leave, and are remembered with their reason") { bench in
            try await bench.store("video_1", "video", byteCount: 10, at: 20)
            let reason = Reason("retention_days")
            #expect(try await bench.release("video_1", reason, at: 50))
            #expect(try await !bench.release("video_1", reason, at: 51))
            let leaving = try #require(try await bench.files(of: "video_1").first)
            #expect(leaving.state == .leaving && leaving.reason == reason)
            #expect(leaving.location == "video_1/video")
            #expect(try await bench.driver.leavingVideos(limit: 9).map(\.byteCount) == [10])
            #expect(try await bench.driver.storedTotals().videoCount == 0)
            // Whoever was overtaken changes nothing about it.
            for state in AssetState.allCases {
                try await bench.driver.record(
                    bench.asset("video_1", "video", state, byteCount: 3, at: 52)
                )
            }
            #expect(try await bench.files(of: "video_1") == [leaving])
            // It is not forgotten before it is gone.
            #expect(try await bench.prune(.videos, before: 9_000) == 0)

            let id = try bench.video("video_1")
            try await bench.driver.noteDeleted(provider: "openai", videoID: id, at: bench.at(60))
            let deleted = try #require(try await bench.files(of: "video_1").first)
            #expect(deleted.state == .deleted && deleted.reason == reason)
            #expect(deleted.location == nil && deleted.byteCount == 10)
            #expect(deleted.updatedAt == bench.at(60))
            #expect(try await bench.driver.leavingVideos(limit: 9).isEmpty)
            // By hand it is fetched and stored again.
            try await bench.store("video_1", "video", byteCount: 10, at: 70)
            #expect(try await bench.files(of: "video_1").map(\.state) == [.stored])
        },
        JournalConformance("files of a video whose chain is at work stay") { bench in
            try await bench.store("video_1", "video", byteCount: 10, at: 20)
            _ = try await bench.appendPlanned("wh_1", of: "video_1")
            let reason = Reason("deleted_by_operator")
            #expect(try await !bench.release("video_1", reason, at: 30))
            let claim = try await bench.claimOne(at: 40)
            #expect(try await !bench.release("video_1", reason, at: 41))
            _ = try await bench.settle(claim, .done(note: nil), to: 50)
            #expect(try await bench.release("video_1", reason, at: 51))
            #expect(try await !bench.release("video_9", reason, at: 51))
        },
        JournalConformance("what is not stored does not leave") { bench in
            for state in AssetState.allCases
            where ![.stored, .leaving, .deleted].contains(state) {
                try await bench.file("video_1", "\(state)", state, byteCount: 1, at: 20)
            }
            let before = try await bench.files(of: "video_1")
            #expect(try await !bench.release("video_1", Reason("retention_days"), at: 30))
            #expect(try await bench.files(of: "video_1") == before)
        },
        JournalConformance("a file makes the moves of its life cycle and no other") { bench in
            let states: [AssetState?] = [nil] + AssetState.allCases
            for (index, known) in states.enumerated() {
                for next in AssetState.allCases {
                    let name = "video_\(index)_\(next.rawValue)"
                    if let known {
                        try await bench.file(name, "video", known, byteCount: 7, at: 20)
                    }
                    let before = try await bench.files(of: name)
                    #expect(before.map(\.state) == (known.map { [$0] } ?? []))
                    try await bench.driver.record(
                        bench.asset(name, "video", next, byteCount: 8, at: 30)
                    )
                    // Files leave by calls of their own.
                    let isMove = next.mayFollow(known) && next != .leaving && next != .deleted
                    let after = try await bench.files(of: name)
                    let words = "\(known?.rawValue ?? "nothing") to \(next)"
                    if isMove {
                        #expect(after.map(\.state) == [next] && after[0].byteCount == 8, "\(words)")
                    } else {
                        #expect(after == before, "\(words)")
                    }
                }
            }
        },
        JournalConformance("what is to leave is known when opened again", needsPersistence: true) {
            bench in
            try await bench.store("video_1", "video", byteCount: 10, at: 20)
            #expect(try await bench.release("video_1", Reason("retention_days"), at: 50))
            let again = try await bench.reopened()
            let leaving = try await again.driver.leavingVideos(limit: 9)
            #expect(leaving.map(\.id.rawValue) == ["video_1"])
            await again.driver.close()
        },
    ]
}

extension JournalBench {
    fileprivate func store(
        _ name: String,
        _ variant: String,
        byteCount: Int64,
        at seconds: Int64
    ) async throws {
        try await file(name, variant, .stored, byteCount: byteCount, at: seconds)
    }

    fileprivate func file(
        _ name: String,
        _ variant: String,
        _ state: AssetState,
        byteCount: Int64,
        at seconds: Int64
    ) async throws {
        try await driver.bring(asset(name, variant, state, byteCount: byteCount, at: seconds))
    }

    fileprivate func asset(
        _ name: String,
        _ variant: String,
        _ state: AssetState,
        byteCount: Int64 = 1,
        at seconds: Int64 = 20
    ) throws -> AssetRecord {
        AssetRecord(
            provider: "openai",
            videoID: try video(name),
            variant: variant,
            state: state,
            byteCount: byteCount,
            location: "\(name)/\(variant)",
            updatedAt: at(seconds)
        )
    }

    fileprivate func release(
        _ name: String,
        _ reason: Reason,
        at seconds: Int64
    ) async throws -> Bool {
        try await driver.releaseFiles(
            provider: "openai",
            videoID: video(name),
            reason: reason,
            at: at(seconds)
        )
    }

    fileprivate func files(of name: String) async throws -> [AssetRecord] {
        try await driver.assets(provider: "openai", videoID: video(name))
    }
}
