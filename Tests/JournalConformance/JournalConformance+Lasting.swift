internal import ReelJournal
internal import Testing

extension JournalConformance {
    static let lasting = [
        JournalConformance("what is written is there after opening again", needsPersistence: true) {
            first in
            let sequence = try await first.append("wh_1", of: "video_1")
            try await first.plan(sequence)
            _ = try await first.append("wh_2", of: "video_2")
            let claim = try await first.claimOne()
            guard case .next(let store) = try await first.settle(claim, .done(note: "n")) else {
                return _ = Issue.record("the next step did not begin")
            }
            #expect(try await first.driver.saveCheckpoint(store, [4, 2]))
            let entries = try await first.driver.entries(EntryQuery())
            let steps = try await first.steps(sequence)
            let attempts = try await first.driver.attempts(of: sequence)
            let jobs = try await first.driver.jobs(JobQuery())
            let outlook = try await first.driver.outlook()

            let second = try await first.reopened()
            #expect(try await second.driver.entries(EntryQuery()) == entries)
            #expect(try await second.steps(sequence) == steps)
            #expect(try await second.driver.attempts(of: sequence) == attempts)
            #expect(try await second.driver.jobs(JobQuery()) == jobs)
            #expect(try await second.driver.outlook().openRunCount == outlook.openRunCount)
            let again = try second.delivery("wh_1", of: "video_1")
            #expect(try await second.driver.append(again) == .redelivery(sequence: sequence))
            let seen = try second.observation(.completed, of: "video_2")
            #expect(try await second.driver.append(seen) == .duplicateFact(sequence: 3, of: 2))

            // The owner died with its process: its step goes on at once, and it is fenced.
            let taken = try await second.claimOne(at: 21, until: 140)
            #expect(taken.stepName == "store" && taken.checkpoint == [4, 2])
            #expect(taken.attempt == 2)
            #expect(try await second.settle(store, .done(note: nil)) == .fenced)
            await second.driver.close()
        },
        JournalConformance("a closed journal refuses, and closing twice is legal") { bench in
            try await bench.append("wh_1", of: "video_1")
            await bench.driver.close()
            await bench.driver.close()
            let draft = try bench.delivery("wh_2", of: "video_2")
            await #expect(throws: JournalError.closed) { try await bench.driver.append(draft) }
            await #expect(throws: JournalError.closed) { try await bench.driver.lastSequence() }
            await #expect(throws: JournalError.closed) { try await bench.claim() }
        },
        JournalConformance("closing finishes what was accepted", needsPersistence: true) { bench in
            let driver = bench.driver
            let drafts = try (0..<200).map { try bench.delivery("wh_\($0)", of: "video_\($0)") }
            let accepted = await withTaskGroup(of: Bool.self) { group in
                for (index, draft) in drafts.enumerated() {
                    group.addTask {
                        if index == 100 { await driver.close() }
                        do {
                            _ = try await driver.append(draft)
                            return true
                        } catch {
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            let again = try await bench.reopened()
            #expect(try await again.driver.lastSequence() == Int64(accepted))
            await again.driver.close()
        },
    ]
}
