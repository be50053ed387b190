internal import ReelJournal
internal import ReelRuntime
internal import TestSupport
internal import Testing

extension JournalConformance {
    static let retention = [
        JournalConformance("what ended before a moment goes with all that it has") { bench in
            let old = try await bench.ended("wh_1", of: "video_1", at: 20)
            let young = try await bench.ended("wh_2", of: "video_2", at: 100)
            let dead = try await bench.ended("wh_3", of: "video_3", at: 20, .dead(Reason("no")))
            #expect(try await bench.prune(.entries(.done), before: 100) == 1)
            #expect(try await bench.driver.entry(old) == nil)
            #expect(try await bench.steps(old).isEmpty)
            #expect(try await bench.driver.attempts(of: old).isEmpty)
            #expect(try await bench.sequences { $0.order = .oldestFirst } == [young, dead])
            #expect(try await bench.driver.count(EntryQuery()) == 2)
            #expect(try await bench.driver.outlook().deadRunCount == 1)
            #expect(try await bench.prune(.entries(.dead), before: 21) == 1)
            #expect(try await bench.driver.outlook().deadRunCount == 0)
            #expect(try await bench.prune(.entries(.done), before: 100) == 0)
        },
        JournalConformance("what is open, waits or ended late is kept, however old") { bench in
            let pending = try await bench.append("wh_1", of: "video_1")
            _ = try await bench.appendPlanned("wh_2", of: "video_2")
            _ = try await bench.appendPlanned("wh_3", of: "video_3")
            let claims = try await bench.claim()
            let waiting = try #require(claims.first)
            _ = try await bench.settle(waiting, .retry(at: bench.at(50), Reason("later")))
            let late = try await bench.ended("wh_4", of: "video_4", at: 5_000)
            for state in EventState.allCases {
                #expect(try await bench.prune(.entries(state), before: 4_000) == 0, "\(state)")
            }
            // States that the life cycle keeps until they move on are never asked for.
            #expect(try await bench.prune(.entries(.pending), before: 9_000) == 0)
            #expect(try await bench.prune(.entries(.waiting), before: 9_000) == 0)
            #expect(try await bench.prune(.entries(.running), before: 9_000) == 0)
            #expect(try await bench.driver.count(EntryQuery()) == 4)
            #expect(try await bench.state(pending) == .pending)
            #expect(try await bench.state(late) == .done)
        },
        JournalConformance("how upkeep found the clock is kept, the last time alone") { bench in
            #expect(try await bench.driver.clockRecord() == nil)
            let doubted = ClockRecord(
                trustedAt: bench.at(50),
                seenAt: bench.at(90),
                doubtedFor: .seconds(80)
            )
            for record in [doubted, ClockRecord(trusted: bench.at(20)), doubted] {
                try await bench.driver.record(record)
                #expect(try await bench.driver.clockRecord() == record)
            }
        },
        JournalConformance("a retry by hand takes an entry from the walk") { bench in
            let dead = try await bench.ended("wh_1", of: "video_1", at: 20, .dead(Reason("no")))
            #expect(try await bench.driver.retryDead([dead], at: bench.at(30)) == [dead])
            #expect(try await bench.prune(.entries(.dead), before: 9_000) == 0)
            let claim = try await bench.claimOne(at: 40)
            _ = try await bench.settle(claim, .done(note: nil), to: 50)
            #expect(try await bench.prune(.entries(.done), before: 50) == 0)
            #expect(try await bench.prune(.entries(.done), before: 51) == 1)
        },
        JournalConformance("a walk comes to its end piece by piece") { bench in
            for index in 1...10 {
                try await bench.ended("wh_\(index)", of: nil, at: index % 2 == 0 ? 20 : 900)
            }
            var cursor: Int64? = 0
            var pieces: [Int] = []
            while let from = cursor {
                let outcome = try await bench.driver.prune(
                    PruneRequest(.entries(.done), before: bench.at(100), from: from, limit: 3)
                )
                #expect(!outcome.isHeldUp)
                pieces.append(outcome.deletedCount)
                cursor = outcome.next
            }
            #expect(pieces.reduce(0, +) == 5 && pieces.count == 4)
            #expect(try await bench.driver.count(EntryQuery()) == 5)
        },
        JournalConformance("no sequence is given out twice") { bench in
            let last = try await bench.ended("wh_1", of: nil, at: 20)
            #expect(try await bench.prune(.entries(.done), before: 100) == 1)
            #expect(try await bench.driver.lastSequence() == last)
            #expect(try await bench.append("wh_2", of: nil) == last + 1)
        },
        JournalConformance("nor after opening again", needsPersistence: true) { bench in
            let last = try await bench.ended("wh_1", of: nil, at: 20)
            #expect(try await bench.prune(.entries(.done), before: 100) == 1)
            let again = try await bench.reopened()
            #expect(try await again.driver.lastSequence() == last)
            #expect(try await again.append("wh_1", of: nil) == last + 1)
            await again.driver.close()
        },
        JournalConformance("a delivery is new again once its entry is gone") { bench in
            let kept = try await bench.append("wh_0", of: nil)
            try await bench.ended("wh_1", of: nil, at: 20)
            #expect(try await bench.prune(.entries(.done), before: 100) == 1)
            #expect(try await bench.append("wh_1", of: nil) == 3)
            let again = try await bench.driver.append(try bench.delivery("wh_0", of: nil))
            #expect(again == .redelivery(sequence: kept))
            #expect(try await bench.sequences { $0.webhookID = "wh_1" } == [3])
        },
        JournalConformance("the end of a video outlives the entry that told of it") { bench in
            let first = try await bench.ended("wh_1", of: "video_1", at: 20)
            #expect(try await bench.prune(.entries(.done), before: 100) == 1)
            let seen = try bench.observation(.completed, of: "video_1", at: 200)
            #expect(try await bench.driver.append(seen) == .duplicateFact(sequence: 2, of: first))
            let other = try bench.observation(.failed, of: "video_1", at: 200)
            #expect(try await bench.driver.append(other) == .contradiction(sequence: 3, of: first))
            let id = try bench.video("video_1")
            #expect(try await bench.driver.job(provider: "openai", id: id)?.state == .completed)
        },
        JournalConformance("a video is forgotten when nothing speaks of it any more") { bench in
            try await bench.ended("wh_1", of: "video_1", at: 20)
            try await bench.ended("wh_2", of: "video_2", at: 20)
            try await bench.file(of: "video_2", .stored)
            let open = JobUpdate(
                provider: "openai",
                id: try bench.video("video_3"),
                origin: .track,
                moment: bench.at(0)
            )
            _ = try await bench.driver.record(open)
            #expect(try await bench.prune(.videos, before: 9_000) == 0)
            #expect(try await bench.prune(.entries(.done), before: 9_000) == 2)
            #expect(try await bench.prune(.videos, before: 0) == 0)
            #expect(try await bench.prune(.videos, before: 9_000) == 1)
            let known = try await bench.driver.jobs(JobQuery()).map(\.id.rawValue)
            #expect(known == ["video_3", "video_2"])
            // It is new when somebody tells of it once more.
            #expect(try await bench.append("wh_3", of: "video_1", at: 9_000) == 3)
        },
        JournalConformance("a file that is not stored goes with its video") { bench in
            try await bench.ended("wh_1", of: "video_1", at: 20)
            try await bench.file(of: "video_1", .lost)
            #expect(try await bench.prune(.entries(.done), before: 9_000) == 1)
            #expect(try await bench.prune(.videos, before: 9_000) == 1)
            let id = try bench.video("video_1")
            #expect(try await bench.driver.assets(provider: "openai", videoID: id) == [])
        },
        JournalConformance("a video that waits for its deletion is not forgotten") { bench in
            for (name, state) in [
                ("video_1", ProviderRemoval.State.waiting(until: bench.at(50))),
                ("video_2", .givenUp),
            ] {
                var news = JobUpdate(
                    provider: "openai",
                    id: try bench.video(name),
                    origin: .console,
                    moment: bench.at(0)
                )
                news.state = .completed
                news.removal = ProviderRemoval(state, failureCount: 1, reason: Reason("forbidden"))
                _ = try await bench.driver.record(news)
            }
            #expect(try await bench.prune(.videos, before: 9_000) == 1)
            let known = try await bench.driver.jobs(JobQuery()).map(\.id.rawValue)
            #expect(known == ["video_1"])
        },
        JournalConformance("replays that are done go, but for the last") { bench in
            let driver = bench.driver
            for _ in 1...3 {
                let job = try await driver.begin(
                    ReplayJob(
                        filter: "{}",
                        rate: 1,
                        lastSequence: 0,
                        matchedCount: 0,
                        createdAt: bench.at(0),
                        updatedAt: bench.at(0)
                    )
                )
                if job.number == 2 { continue }
                let end = ReplayAdvance(
                    number: job.number,
                    from: 0,
                    to: 0,
                    isDone: true,
                    drafts: [],
                    moment: bench.at(10)
                )
                #expect(try await driver.advance(end) == [])
            }
            #expect(try await bench.prune(.replays, before: 10) == 0)
            #expect(try await bench.prune(.replays, before: 11) == 1)
            #expect(try await driver.replays().map(\.number) == [3, 2])
            #expect(try await driver.move(2, to: .stopped, at: bench.at(20)))
        },
    ]
}

extension JournalBench {
    /// Appends an event with one run and ends that at a moment.
    @discardableResult
    fileprivate func ended(
        _ id: String,
        of video: String?,
        at end: Int64,
        _ verdict: StepVerdict = .done(note: nil)
    ) async throws -> Int64 {
        // An event of a video that names none would be a faulty one.
        let type = video == nil ? "response.completed" : "video.completed"
        let sequence = try await append(id, of: video, type: type)
        try await plan(sequence, [RunPlan(chain: "deliver", steps: ["fetch"])])
        let claims = try await claim(at: 10, until: 60)
        let claim = try #require(claims.first { $0.entry.sequence == sequence })
        _ = try await settle(claim, verdict, to: end)
        return sequence
    }

    /// Walks to the end and gives how much was deleted.
    func prune(
        _ subject: PruneRequest.Subject,
        before seconds: Int64
    ) async throws -> Int {
        var count = 0
        var cursor: Int64? = 0
        while let from = cursor {
            let outcome = try await driver.prune(
                PruneRequest(subject, before: at(seconds), from: from)
            )
            count += outcome.deletedCount
            cursor = outcome.next
        }
        return count
    }

    fileprivate func file(of name: String, _ state: AssetState) async throws {
        try await driver.bring(
            AssetRecord(
                provider: "openai",
                videoID: video(name),
                variant: "video",
                state: state,
                byteCount: 7,
                updatedAt: at(5)
            )
        )
    }
}
