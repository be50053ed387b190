internal import ReelJournal
internal import TestSupport
internal import Testing

extension JournalConformance {
    private static func news(
        _ bench: JournalBench,
        _ video: String,
        _ state: JobState?,
        provider: String = "openai",
        at seconds: Int64 = 0,
        _ change: (inout JobUpdate) -> Void = { _ in }
    ) throws -> JobUpdate {
        var news = JobUpdate(
            provider: provider,
            id: try bench.video(video),
            origin: .track,
            moment: bench.at(seconds)
        )
        news.state = state
        change(&news)
        return news
    }

    static let jobs = [
        JournalConformance("a video that is heard of is remembered whole") { bench in
            let news = try news(bench, "video_1", nil) { news in
                news.status = "queued"
                news.progress = 3
                news.object = Array(#"{"id":"video_1"}"#.utf8)
                news.expiresAt = bench.at(3_600)
                news.reason = Reason("told", "by hand")
            }
            let job = try await bench.driver.record(news)
            #expect(job == VideoJob(first: news))
            #expect(job.state == .open && job.origin == .track && job.status == "queued")
            let read = try await bench.driver.job(provider: "openai", id: news.id)
            #expect(read == job)
            #expect(try await bench.driver.job(provider: "other", id: news.id) == nil)
            let unknown = try bench.video("video_2")
            #expect(try await bench.driver.job(provider: "openai", id: unknown) == nil)
        },
        JournalConformance("the key and the order of a job are remembered") { bench in
            let ordered = try #require(OrderedMedia(seconds: "8", size: "1280x720"))
            let made = try news(bench, "video_1", nil) { news in
                news.keyPrint = 65_535
                news.ordered = ordered
            }
            #expect(try await bench.driver.record(made) == VideoJob(first: made))
            // What others say later is of another key at most, and never of another order.
            let later = try await bench.driver.record(
                try news(bench, "video_1", .completed, at: 5) { news in
                    news.ordered = OrderedMedia(seconds: "4", size: nil)
                }
            )
            #expect(later.keyPrint == 65_535 && later.ordered == ordered)
            let moved = try await bench.driver.record(
                try news(bench, "video_1", nil, at: 6) { $0.keyPrint = 0 }
            )
            #expect(moved.keyPrint == 0 && moved.ordered == ordered)
            #expect(try await bench.driver.job(provider: "openai", id: moved.id) == moved)
            // An event came before the answer to the order.
            try await bench.append("wh_1", of: "video_2")
            let late = try await bench.driver.record(
                try news(bench, "video_2", nil, at: 9) { news in
                    news.keyPrint = 7
                    news.ordered = OrderedMedia(seconds: nil, size: "1280x720")
                }
            )
            #expect(late.keyPrint == 7 && late.ordered?.size == "1280x720")
            #expect(try await bench.driver.job(provider: "openai", id: late.id) == late)
        },
        JournalConformance("a deletion at the provider waits, fails and ends") { bench in
            func due(_ seconds: Int64) async throws -> [String] {
                var query = JobQuery()
                query.removalDueAt = bench.at(seconds)
                return try await bench.driver.jobs(query).map(\.id.rawValue)
            }
            let asked = try await bench.driver.record(
                try news(bench, "video_1", .completed) { news in
                    news.removal = ProviderRemoval(.waiting(until: bench.at(10)))
                }
            )
            _ = try await bench.driver.record(try news(bench, "video_2", .completed))
            #expect(asked.removal?.dueAt == bench.at(10))
            #expect(try await due(9) == [])
            #expect(try await due(10) == ["video_1"])
            let failed = ProviderRemoval(
                .waiting(until: bench.at(50)),
                failureCount: 3,
                reason: Reason("forbidden", "status 403")
            )
            let late = try await bench.driver.record(
                try news(bench, "video_1", nil, at: 11) { $0.removal = failed }
            )
            #expect(late.removal == failed)
            #expect(try await bench.driver.job(provider: "openai", id: late.id) == late)
            #expect(try await due(49) == [])
            #expect(try await due(50) == ["video_1"])
            // Other news leave it.
            _ = try await bench.driver.record(try news(bench, "video_1", nil, at: 12))
            #expect(try await due(50) == ["video_1"])
            let last = ProviderRemoval(.givenUp, failureCount: 4, reason: Reason("forbidden"))
            let given = try await bench.driver.record(
                try news(bench, "video_1", nil, at: 13) { $0.removal = last }
            )
            #expect(given.removal == last && given.state == .completed)
            #expect(try await bench.driver.job(provider: "openai", id: given.id) == given)
            #expect(try await due(9_000) == [])
            // Asked for again, and done.
            _ = try await bench.driver.record(
                try news(bench, "video_1", nil, at: 14) { $0.removal = failed }
            )
            let gone = try await bench.driver.record(try news(bench, "video_1", .deleted, at: 15))
            #expect(gone.state == .deleted && gone.removal == nil)
            #expect(try await bench.driver.job(provider: "openai", id: gone.id) == gone)
            #expect(try await due(9_000) == [])
        },
        JournalConformance("news leaves what it does not speak of") { bench in
            _ = try await bench.driver.record(
                try news(bench, "video_1", nil) { news in
                    news.status = "queued"
                    news.object = [1, 2]
                    news.expiresAt = bench.at(3_600)
                }
            )
            let job = try await bench.driver.record(
                try news(bench, "video_1", .open, at: 9) { $0.progress = 40 }
            )
            #expect(job.status == "queued" && job.progress == 40 && job.object == [1, 2])
            #expect(job.expiresAt == bench.at(3_600))
            #expect(job.firstSeenAt == bench.at(0) && job.updatedAt == bench.at(9))
            #expect(try await bench.driver.job(provider: "openai", id: job.id) == job)
        },
        JournalConformance("a job moves as its life cycle says") { bench in
            let allowed: [JobState: Set<JobState>] = [
                .open: [.completed, .failed, .lost, .deleted],
                .completed: [.deleted], .failed: [.deleted],
                .lost: [.completed, .failed], .deleted: [],
            ]
            for from in JobState.allCases {
                for to in JobState.allCases {
                    let name = "video_\(from)_\(to)"
                    _ = try await bench.driver.record(try news(bench, name, from))
                    let job = try await bench.driver.record(
                        try news(bench, name, to, at: 5) { $0.status = "said" }
                    )
                    let moves = from == to || allowed[from]?.contains(to) == true
                    #expect(job.state == (moves ? to : from), "\(name)")
                    #expect(job.status == (moves ? "said" : nil), "\(name)")
                    #expect(try await bench.driver.job(provider: "openai", id: job.id) == job)
                }
            }
        },
        JournalConformance("a late word without a state does not touch an ended job") { bench in
            _ = try await bench.driver.record(
                try news(bench, "video_1", .completed) { $0.status = "completed" }
            )
            let job = try await bench.driver.record(
                try news(bench, "video_1", nil, at: 5) { news in
                    news.status = "in_progress"
                    news.progress = 10
                    news.object = [1]
                    news.expiresAt = bench.at(100)
                }
            )
            #expect(job.status == "completed" && job.progress == nil && job.object == nil)
            #expect(job.expiresAt == bench.at(100))
        },
        JournalConformance("an event makes or ends the job of its video") { bench in
            _ = try await bench.driver.record(
                try news(bench, "video_1", .open) { $0.object = [9] }
            )
            try await bench.append("wh_1", of: "video_1", at: 7)
            let known = try await bench.driver.job(
                provider: "openai",
                id: try bench.video("video_1")
            )
            #expect(known?.state == .completed && known?.origin == .track)
            #expect(known?.object == [9] && known?.updatedAt == bench.at(7))

            try await bench.append("wh_2", of: "video_2", type: "video.failed", at: 8)
            let made = try await bench.driver.job(
                provider: "openai",
                id: try bench.video("video_2")
            )
            #expect(made?.state == .failed && made?.origin == .event)
            #expect(made?.status == "failed" && made?.firstSeenAt == bench.at(8))

            try await bench.append("wh_3", of: "video_3", type: "video.progress", at: 9)
            let open = try await bench.driver.job(
                provider: "openai",
                id: try bench.video("video_3")
            )
            #expect(open?.state == .open && open?.origin == .event && open?.status == nil)

            // Late: it neither opens the job again nor counts as news of it.
            try await bench.append("wh_4", of: "video_1", type: "video.progress", at: 10)
            let still = try await bench.driver.job(
                provider: "openai",
                id: try bench.video("video_1")
            )
            #expect(still == known)
        },
        JournalConformance("a lost video is found by its event") { bench in
            _ = try await bench.driver.record(
                try news(bench, "video_1", .lost) { $0.reason = Reason("forgotten") }
            )
            try await bench.append("wh_1", of: "video_1")
            let id = try bench.video("video_1")
            #expect(try await bench.driver.job(provider: "openai", id: id)?.state == .completed)
        },
        JournalConformance("a deleted video stays deleted") { bench in
            _ = try await bench.driver.record(try news(bench, "video_1", .deleted))
            try await bench.append("wh_1", of: "video_1")
            let id = try bench.video("video_1")
            #expect(try await bench.driver.job(provider: "openai", id: id)?.state == .deleted)
        },
        JournalConformance("a replay makes no job") { bench in
            let entry = JournalEntry(
                sequence: 70,
                origin: .webhook,
                source: "openai",
                provider: "openai",
                webhookID: "wh_1",
                eventID: nil,
                type: "video.completed",
                videoID: try bench.video("video_1"),
                body: Array(#"{"type":"video.completed","data":{"id":"video_1"}}"#.utf8),
                occurredAt: nil,
                receivedAt: bench.at(0),
                state: .done,
                reason: nil,
                redeliveryCount: 0,
                relatedSequence: nil
            )
            _ = try await bench.driver.append(EntryDraft(replayOf: entry, at: bench.at(1)))
            #expect(try await bench.entry(1).videoID == entry.videoID)
            let id = try bench.video("video_1")
            #expect(try await bench.driver.job(provider: "openai", id: id) == nil)
            #expect(try await bench.driver.jobs(JobQuery()).isEmpty)
            // Its fact is still to come.
            #expect(try await bench.append("wh_2", of: "video_1") == 2)
        },
        JournalConformance("jobs are listed newest first, filtered and paged") { bench in
            for index in 1...6 {
                _ = try await bench.driver.record(
                    try news(
                        bench,
                        "video_\(index)",
                        index.isMultiple(of: 2) ? .completed : .open,
                        provider: index == 6 ? "local" : "openai",
                        at: Int64(10 - index)
                    )
                )
            }
            func names(_ change: (inout JobQuery) -> Void = { _ in }) async throws -> [String] {
                var query = JobQuery()
                change(&query)
                return try await bench.driver.jobs(query).map {
                    String($0.id.rawValue.dropFirst(6))
                }
            }
            #expect(try await names() == ["6", "5", "4", "3", "2", "1"])
            #expect(try await names { $0.limit = 2 } == ["6", "5"])
            #expect(try await names { $0.provider = "openai" } == ["5", "4", "3", "2", "1"])
            #expect(try await names { $0.provider = "none" } == [])
            #expect(try await names { $0.states = [.completed] } == ["6", "4", "2"])
            #expect(try await names { $0.states = [.completed, .lost, .open] }.count == 6)
            #expect(try await names { $0.states = [] } == [])
            let five = try bench.video("video_5")
            #expect(try await names { $0.after = five } == ["4", "3", "2", "1"])
            #expect(try await names { $0.id = five } == ["5"])
            let page = try await names { query in
                query.after = five
                query.states = [.open]
                query.provider = "openai"
            }
            #expect(page == ["3", "1"])
            let unknown = try bench.video("video_99")
            #expect(try await names { $0.after = unknown } == [])
        },
        JournalConformance("files are remembered by variant and replaced") { bench in
            let video = try bench.video("video_1")
            func record(_ variant: String, _ state: AssetState) -> AssetRecord {
                AssetRecord(
                    provider: "openai",
                    videoID: video,
                    variant: variant,
                    state: state,
                    updatedAt: bench.at(1)
                )
            }
            #expect(try await bench.driver.assets(provider: "openai", videoID: video).isEmpty)
            try await bench.driver.bring(record("video", .partial))
            try await bench.driver.record(record("thumbnail", .absent))
            var stored = record("video", .stored)
            stored.byteCount = 5_000_000_000
            stored.sha256 = "ab"
            stored.contentType = "video/mp4"
            stored.entityTag = "\"x\""
            stored.location = "video_1/video.mp4"
            stored.reason = Reason("a", "b")
            stored.updatedAt = bench.at(2)
            try await bench.driver.bring(stored)
            let assets = try await bench.driver.assets(provider: "openai", videoID: video)
            #expect(assets == [record("thumbnail", .absent), stored])
            #expect(try await bench.driver.assets(provider: "other", videoID: video).isEmpty)
            // A file alone makes no job.
            #expect(try await bench.driver.job(provider: "openai", id: video) == nil)
        },
        JournalConformance("a file that is stored stays so") { bench in
            let video = try bench.video("video_1")
            var asset = AssetRecord(
                provider: "openai",
                videoID: video,
                variant: "video",
                state: .stored,
                byteCount: 7,
                location: "video_1/video.mp4",
                updatedAt: bench.at(1)
            )
            try await bench.driver.bring(asset)
            let stored = asset
            for state in AssetState.allCases where state != .stored {
                asset.state = state
                asset.location = nil
                try await bench.driver.record(asset)
            }
            let assets = try await bench.driver.assets(provider: "openai", videoID: video)
            #expect(assets == [stored])
        },
    ]
}
