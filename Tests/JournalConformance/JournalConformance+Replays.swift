internal import ReelJournal
internal import ReelRuntime
internal import Testing

extension JournalConformance {
    static let replays = [
        JournalConformance("a replay appends and moves on together") { bench in
            let first = try await bench.append("wh_1", of: "video_1")
            let job = try await bench.driver.begin(bench.replay)
            #expect(job.number == 1)
            #expect(try await bench.driver.replays() == [job])
            let advance = try await bench.advance(job, from: 0, to: first, of: [first])
            let outcomes = try await bench.driver.advance(advance)
            #expect(outcomes == [.appended(sequence: 2)])
            let entry = try await bench.entry(2)
            #expect(entry.origin == .replay && entry.relatedSequence == first)
            let now = try #require(try await bench.driver.replays().first)
            #expect(now.cursor == first && now.replayedCount == 1 && now.state == .running)
            // Once more, as after an answer that was lost.
            #expect(try await bench.driver.advance(advance) == nil)
            #expect(try await bench.driver.lastSequence() == 2)
        },
        JournalConformance("a replay that is stopped appends nothing until it goes on") { bench in
            let first = try await bench.append("wh_1", of: "video_1")
            let number = try await bench.driver.begin(bench.replay).number
            let driver = bench.driver
            #expect(try await driver.move(number, to: .running, at: bench.at(5)) == false)
            #expect(try await driver.move(number, to: .stopped, at: bench.at(5)))
            #expect(try await driver.move(9, to: .stopped, at: bench.at(5)) == false)
            let job = try #require(try await driver.replays().first)
            #expect(job.state == .stopped && job.updatedAt == bench.at(5))
            let last = try await bench.advance(job, from: 0, to: 3, of: [first], isDone: true)
            #expect(try await driver.advance(last) == nil)
            #expect(try await driver.move(number, to: .running, at: bench.at(6)))
            #expect(try await driver.advance(last)?.count == 1)
            #expect(try await driver.replays().map(\.state) == [.done])
            #expect(try await driver.move(number, to: .running, at: bench.at(7)) == false)
            #expect(try await driver.advance(last) == nil)
        },
        JournalConformance("what is not done is listed however old it is") { bench in
            let driver = bench.driver
            var numbers: [Int64] = []
            for _ in 0..<104 { numbers.append(try await driver.begin(bench.replay).number) }
            let done = Array(numbers[3...])
            for number in done {
                let job = try #require(try await driver.replay(number))
                let last = try await bench.advance(job, from: 0, to: 3, of: [], isDone: true)
                #expect(try await driver.advance(last) == [])
            }
            #expect(try await driver.move(numbers[1], to: .stopped, at: bench.at(5)))
            let listed = try await driver.replays()
            #expect(listed.map(\.number) == done.suffix(100).reversed() + [3, 2, 1])
            #expect(listed.suffix(3).map(\.state) == [.running, .stopped, .running])
            #expect(try await driver.replay(2) == listed.suffix(2).first)
            #expect(try await driver.replay(4)?.state == .done)
            #expect(try await driver.replay(105) == nil)
        },
        JournalConformance("replays last", needsPersistence: true) { bench in
            let jobs = [
                try await bench.driver.begin(bench.replay),
                try await bench.driver.begin(bench.replay),
            ]
            let again = try await bench.reopened()
            #expect(try await again.driver.replays() == jobs.reversed())
            await again.driver.close()
        },
    ]
}

extension JournalBench {
    fileprivate var replay: ReplayJob {
        ReplayJob(
            filter: #"{"limit":50}"#,
            rate: 500,
            lastSequence: 3,
            matchedCount: 2,
            createdAt: at(1),
            updatedAt: at(1)
        )
    }

    fileprivate func advance(
        _ job: ReplayJob,
        from: Int64,
        to: Int64,
        of sequences: [Int64],
        isDone: Bool = false
    ) async throws -> ReplayAdvance {
        var drafts: [EntryDraft] = []
        for sequence in sequences {
            drafts.append(EntryDraft(replayOf: try await entry(sequence), at: at(3)))
        }
        return ReplayAdvance(
            number: job.number,
            from: from,
            to: to,
            isDone: isDone,
            drafts: drafts,
            moment: at(4)
        )
    }
}
