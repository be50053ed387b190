internal import ReelJournal
internal import Testing

extension JournalConformance {
    static let appending = [
        JournalConformance("an append is read back as it was sent") { bench in
            let draft = try bench.delivery("wh_1", of: "video_1", at: 5)
            #expect(try await bench.driver.append(draft) == .appended(sequence: 1))
            let entry = try await bench.entry(1)
            #expect(entry.body == draft.body)
            #expect(entry.origin == .webhook && entry.source == "openai")
            #expect(entry.webhookID == "wh_1" && entry.eventID == "evt_of_wh_1")
            #expect(entry.type == "video.completed" && entry.videoID?.rawValue == "video_1")
            #expect(entry.receivedAt == bench.at(5) && entry.occurredAt == bench.at(4))
            #expect(entry.state == .pending && entry.reason == nil)
            #expect(entry.redeliveryCount == 0 && entry.relatedSequence == nil)
            #expect(try await bench.driver.lastSequence() == 1)
        },
        JournalConformance("an empty journal has nothing") { bench in
            #expect(try await bench.driver.lastSequence() == 0)
            #expect(try await bench.driver.entry(1) == nil)
            #expect(try await bench.driver.entry(0) == nil)
            #expect(try await bench.driver.entries(EntryQuery()).isEmpty)
            #expect(try await bench.driver.count(EntryQuery()) == 0)
            #expect(try await bench.claim().isEmpty)
            let outlook = try await bench.driver.outlook()
            #expect(outlook == JournalOutlook(nextDueAt: nil, openRunCount: 0, deadRunCount: 0))
        },
        JournalConformance("the same webhook-id again only counts") { bench in
            let draft = try bench.delivery("wh_1", of: "video_1")
            _ = try await bench.driver.append(draft)
            let again = try bench.delivery("wh_1", of: "video_1", at: 60)
            #expect(try await bench.driver.append(again) == .redelivery(sequence: 1))
            let other = try bench.delivery("wh_1", "batch.failed", of: nil, at: 60)
            #expect(try await bench.driver.append(other) == .redelivery(sequence: 1))
            #expect(try await bench.entry(1).redeliveryCount == 2)
            #expect(try await bench.entry(1).body == draft.body)
            #expect(try await bench.driver.lastSequence() == 1)
        },
        JournalConformance("a webhook-id is known for its source alone") { bench in
            _ = try await bench.driver.append(try bench.delivery("wh_1", of: "video_1"))
            let other = try bench.delivery("wh_1", of: "video_2", source: "studio")
            #expect(try await bench.driver.append(other) == .appended(sequence: 2))
        },
        JournalConformance("another webhook-id with the same fact is a duplicate") { bench in
            _ = try await bench.driver.append(try bench.delivery("wh_1", of: "video_1"))
            let again = try bench.delivery("wh_2", of: "video_1")
            let outcome = try await bench.driver.append(again)
            #expect(outcome == .duplicateFact(sequence: 2, of: 1))
            #expect(try await bench.state(2) == .duplicate)
            #expect(try await bench.entry(2).relatedSequence == 1)
            #expect(try await bench.state(1) == .pending)
            // And its own id is known from now on.
            #expect(try await bench.driver.append(again) == .redelivery(sequence: 2))
        },
        JournalConformance("a poll after the webhook is a duplicate") { bench in
            _ = try await bench.driver.append(try bench.delivery("wh_1", of: "video_1"))
            let seen = try bench.observation(.completed, of: "video_1")
            #expect(try await bench.driver.append(seen) == .duplicateFact(sequence: 2, of: 1))
            #expect(try await bench.entry(2).origin == .poll)
        },
        JournalConformance("a webhook after the poll is a duplicate") { bench in
            let seen = try bench.observation(.failed, of: "video_1")
            #expect(try await bench.driver.append(seen) == .appended(sequence: 1))
            let entry = try await bench.entry(1)
            #expect(entry.type == "video.failed" && entry.webhookID == nil)
            #expect(entry.eventID?.hasPrefix("evt_") == true)
            let late = try bench.delivery("wh_1", "video.failed", of: "video_1")
            #expect(try await bench.driver.append(late) == .duplicateFact(sequence: 2, of: 1))
        },
        JournalConformance("the opposite end is a contradiction and is not run") { bench in
            _ = try await bench.driver.append(try bench.delivery("wh_1", of: "video_1"))
            let opposite = try bench.delivery("wh_2", "video.failed", of: "video_1")
            let outcome = try await bench.driver.append(opposite)
            #expect(outcome == .contradiction(sequence: 2, of: 1))
            #expect(try await bench.state(2) == .contradicted)
            try await bench.plan(2)
            #expect(try await bench.claim().isEmpty)
            let job = try await bench.driver.job(
                provider: "openai",
                id: try bench.video("video_1")
            )
            #expect(job?.state == .completed)
            // The first end still stands for whoever says it again.
            let again = try bench.observation(.completed, of: "video_1")
            #expect(try await bench.driver.append(again) == .duplicateFact(sequence: 3, of: 1))
        },
        JournalConformance("the same video of two providers is two videos") { bench in
            let one = try bench.observation(.completed, of: "video_1", provider: "openai")
            let other = try bench.observation(.failed, of: "video_1", provider: "local")
            #expect(try await bench.driver.append(one) == .appended(sequence: 1))
            #expect(try await bench.driver.append(other) == .appended(sequence: 2))
        },
        JournalConformance("a body that no chain can take is kept, with the reason") { bench in
            let bodies: [(String, reason: String)] = [
                ("not json at all", "not_json"), ("", "not_json"), ("[1, 2]", "not_an_event"),
                (#"{"type": 7}"#, "not_an_event"),
                (#"{"type":"video.completed","data":{"id":"../../etc"}}"#, "invalid_video_id"),
                (#"{"type":"video.failed"}"#, "invalid_video_id"),
            ]
            for (index, (body, reason)) in bodies.enumerated() {
                let draft = try bench.delivery("wh_\(index)", body: Array(body.utf8))
                let outcome = try await bench.driver.append(draft)
                #expect(outcome == .appended(sequence: Int64(index) + 1))
                let entry = try await bench.entry(Int64(index) + 1)
                #expect(entry.state == .unhandled && entry.reason?.code == reason)
                #expect(entry.body == Array(body.utf8))
            }
        },
        JournalConformance("a replay runs although the fact is known") { bench in
            let sequence = try await bench.append("wh_1", of: "video_1")
            try await bench.driver.plan([
                (sequence: sequence, plan: .unhandled(Reason("no_chain")))
            ])
            let first = try await bench.entry(sequence)
            let replay = EntryDraft(replayOf: first, at: bench.at(60))
            #expect(try await bench.driver.append(replay) == .appended(sequence: 2))
            #expect(try await bench.driver.append(replay) == .appended(sequence: 3))
            let entry = try await bench.entry(2)
            #expect(entry.origin == .replay && entry.relatedSequence == 1)
            #expect(entry.state == .pending && entry.webhookID == nil)
            #expect(entry.videoID == first.videoID && entry.body == first.body)
            try await bench.plan(2)
            #expect(try await bench.claimOne().entry.sequence == 2)
        },
        JournalConformance("a thousand of one id at once are appended once") { bench in
            let draft = try bench.delivery("wh_1", of: "video_1")
            let driver = bench.driver
            let outcomes = try await withThrowingTaskGroup(of: AppendOutcome.self) { group in
                for _ in 0..<1_000 { group.addTask { try await driver.append(draft) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == .appended(sequence: 1) }.count == 1)
            #expect(outcomes.filter { $0 == .redelivery(sequence: 1) }.count == 999)
            #expect(try await bench.entry(1).redeliveryCount == 999)
            #expect(try await bench.driver.lastSequence() == 1)
        },
        JournalConformance("witnesses of one fact at once give one first") { bench in
            let driver = bench.driver
            let drafts =
                try (0..<100).map { try bench.delivery("wh_\($0)", of: "video_1") }
                + (0..<100).map { _ in try bench.observation(.completed, of: "video_1") }
            let outcomes = try await withThrowingTaskGroup(of: AppendOutcome.self) { group in
                for draft in drafts { group.addTask { try await driver.append(draft) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let firsts = outcomes.compactMap { outcome -> Int64? in
                guard case .appended(let sequence) = outcome else { return nil }
                return sequence
            }
            #expect(firsts == [1])
            let entries = try await bench.sequences { $0.limit = 1_000 }
            #expect(entries == Array((1...200).reversed()))
        },
    ]
}
