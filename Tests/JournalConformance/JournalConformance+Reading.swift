internal import ReelJournal
internal import ReelRuntime
internal import Testing

extension JournalConformance {
    /// Twelve entries: three types, polls, a duplicate, a contradiction, faults and ends.
    private static func fill(_ bench: JournalBench) async throws {
        for index in 1...4 {
            try await bench.append("wh_\(index)", of: "video_\(index)", at: Int64(index) * 10)
        }
        try await bench.append("wh_5", of: nil, type: "batch.completed", at: 50)
        try await bench.append("wh_6", of: nil, type: "batch.failed", at: 60)
        let failed = try bench.observation(.failed, of: "video_7", at: 70)
        _ = try await bench.driver.append(failed)
        _ = try await bench.driver.append(try bench.observation(.failed, of: "video_7", at: 80))
        _ = try await bench.driver.append(
            try bench.delivery("wh_9", of: "video_7", at: 90)
        )
        _ = try await bench.driver.append(try bench.delivery("wh_10", body: [0], at: 100))
        let first = EntryDraft(replayOf: try await bench.entry(1), at: bench.at(110))
        _ = try await bench.driver.append(first)
        // The clock went back.
        try await bench.append("wh_12", of: "video_12", at: 5)
        try await bench.plan(1, [RunPlan(chain: "deliver", steps: ["fetch"])])
        try await bench.plan(2, [RunPlan(chain: "deliver", steps: ["fetch"])])
        try await bench.plan(3, [RunPlan(chain: "deliver", steps: ["fetch"])])
        let claims = try await bench.claim()
        _ = try await bench.settle(claims[0], .done(note: nil))
        _ = try await bench.settle(claims[1], .dead(Reason("gone")))
        _ = try await bench.settle(claims[2], .retry(at: bench.at(500), Reason("busy")))
    }

    static let reading = [
        JournalConformance("entries are listed newest first, or oldest first") { bench in
            try await fill(bench)
            #expect(try await bench.sequences { _ in } == Array((1...12).reversed()))
            #expect(try await bench.sequences { $0.order = .oldestFirst } == Array(1...12))
            #expect(try await bench.sequences { $0.limit = 2 } == [12, 11])
            #expect(try await bench.sequences { $0.limit = 0 } == [12])
            #expect(try await bench.driver.count(EntryQuery()) == 12)
        },
        JournalConformance("pages follow on each other both ways") { bench in
            try await fill(bench)
            var down: [Int64] = []
            var before: Int64?
            while true {
                let page = try await bench.sequences { query in
                    query.before = before
                    query.limit = 5
                }
                if page.isEmpty { break }
                down += page
                before = page.last
            }
            #expect(down == Array((1...12).reversed()))
            var up: [Int64] = []
            while true {
                let page = try await bench.sequences { query in
                    query.after = up.last ?? 0
                    query.order = .oldestFirst
                    query.limit = 5
                }
                if page.isEmpty { break }
                up += page
            }
            #expect(up == Array(1...12))
        },
        JournalConformance("each filter finds what it names") { bench in
            try await fill(bench)
            let video = try bench.video("video_7")
            let filters: [(Comment, [Int64], @Sendable (inout EntryQuery) -> Void)] = [
                ("type", [6], { $0.types = ["batch.failed"] }),
                (
                    "types", [8, 7, 6, 5],
                    { $0.types = ["batch.completed", "video.failed", "batch.failed"] }
                ),
                ("no such type", [], { $0.types = ["none"] }),
                ("no type", [], { $0.types = [] }),
                ("done", [1], { $0.states = [.done] }),
                ("dead or waiting", [3, 2], { $0.states = [.dead, .waiting] }),
                ("no state", [], { $0.states = [] }),
                ("contradicted", [9], { $0.states = [.contradicted] }),
                ("duplicate", [8], { $0.states = [.duplicate] }),
                ("unhandled", [10], { $0.states = [.unhandled] }),
                ("pending", [12, 11, 7, 6, 5, 4], { $0.states = [.pending] }),
                ("unplanned", [12, 11, 7, 6, 5, 4], { $0.isUnplanned = true }),
                ("video", [9, 8, 7], { $0.videoID = video }),
                ("event id", [3], { $0.eventID = "evt_of_wh_3" }),
                ("event id of a replay too", [11, 1], { $0.eventID = "evt_of_wh_1" }),
                ("no such event id", [], { $0.eventID = "evt" }),
                ("webhook id", [5], { $0.webhookID = "wh_5" }),
                ("origin", [8, 7], { $0.origin = .poll }),
                ("replay", [11], { $0.origin = .replay }),
                ("sequences", [11, 3], { $0.sequences = [3, 11, 99] }),
                ("no sequences", [], { $0.sequences = [] }),
            ]
            for (name, expected, change) in filters {
                let newest = try await bench.sequences(change)
                #expect(newest == expected, name)
                let oldest = try await bench.sequences { query in
                    change(&query)
                    query.order = .oldestFirst
                }
                #expect(oldest == expected.reversed(), name)
                var query = EntryQuery()
                change(&query)
                query.limit = 1
                #expect(try await bench.driver.count(query) == Int64(expected.count), name)
                #expect(try await bench.driver.entries(query).count == min(expected.count, 1), name)
            }
        },
        JournalConformance("filters are joined by and") { bench in
            try await fill(bench)
            let video = try bench.video("video_7")
            let found = try await bench.sequences { query in
                query.types = ["video.completed"]
                query.states = [.pending, .done]
                query.origin = .webhook
                query.receivedFrom = bench.at(10)
                query.receivedTo = bench.at(40)
            }
            #expect(found == [1])
            let failures = try await bench.sequences { query in
                query.videoID = video
                query.types = ["video.failed"]
                query.states = [.duplicate, .done]
            }
            #expect(failures == [8])
            let known = try await bench.sequences { query in
                query.sequences = [1, 2, 3, 4]
                query.states = [.dead]
                query.after = 1
                query.before = 3
            }
            #expect(known == [2])
            let none = try await bench.sequences { query in
                query.webhookID = "wh_1"
                query.videoID = video
            }
            #expect(none.isEmpty)
            let both = try await bench.sequences { query in
                query.webhookID = "wh_9"
                query.eventID = "evt_of_wh_9"
                query.videoID = video
                query.origin = .webhook
                query.sequences = [9]
            }
            #expect(both == [9])
        },
        JournalConformance("a time is when it was received, the end left out") { bench in
            try await fill(bench)
            let early = try await bench.sequences { $0.receivedTo = bench.at(20) }
            #expect(early == [12, 1])
            let late = try await bench.sequences { $0.receivedFrom = bench.at(90) }
            #expect(late == [11, 10, 9])
            let none = try await bench.sequences { $0.receivedFrom = bench.at(111) }
            #expect(none.isEmpty)
            let between = try await bench.sequences { query in
                query.receivedFrom = bench.at(40)
                query.receivedTo = bench.at(60)
                query.order = .oldestFirst
            }
            #expect(between == [4, 5])
        },
        JournalConformance("steps and attempts of an event without runs are none") { bench in
            try await bench.append("wh_1", of: "video_1")
            #expect(try await bench.driver.steps(of: [1, 2]).isEmpty)
            #expect(try await bench.driver.steps(of: []).isEmpty)
            #expect(try await bench.driver.attempts(of: 1).isEmpty)
            #expect(try await bench.driver.attempts(of: 2).isEmpty)
        },
        JournalConformance("a body of a mebibyte and names of every kind come back whole") {
            bench in
            let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let draft = try bench.delivery("wh_big", body: body, source: "🎬 \"'; --")
            _ = try await bench.driver.append(draft)
            #expect(try await bench.entry(1).body == body)
            #expect(try await bench.entry(1).source == "🎬 \"'; --")
            let text = #"{"type":"odd\u0000type","id":"e\u0000","data":null}"#
            _ = try await bench.driver.append(try bench.delivery("wh_2", body: Array(text.utf8)))
            #expect(try await bench.entry(2).type == "odd\0type")
            #expect(try await bench.sequences { $0.types = ["odd\0type"] } == [2])
            #expect(try await bench.sequences { $0.eventID = "e\0" } == [2])
            #expect(try await bench.sequences { $0.eventID = "e" }.isEmpty)
        },
    ]
}
