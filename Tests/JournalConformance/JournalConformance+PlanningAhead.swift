internal import ReelJournal
internal import ReelRuntime
internal import Testing

extension JournalConformance {
    private static let oneStep = RunPlan(chain: "deliver", steps: ["fetch"])

    /// Entries that are appended with a plan.
    static let planningAhead = [
        JournalConformance("what no chain takes can be appended set aside") { bench in
            var draft = try bench.delivery("wh_1", "batch.completed", of: nil)
            draft.plan = .unhandled(Reason("no_chain", "nobody asked"))
            #expect(try await bench.driver.append(draft) == .appended(sequence: 1))
            let entry = try await bench.entry(1)
            #expect(entry.state == .unhandled)
            #expect(entry.reason == Reason("no_chain", "nobody asked"))
            #expect(try await bench.sequences { $0.isUnplanned = true }.isEmpty)
            #expect(try await bench.sequences { $0.states = [.unhandled] } == [1])
            try await bench.plan(1)
            #expect(try await bench.claim().isEmpty)
            #expect(try await bench.driver.append(draft) == .redelivery(sequence: 1))
        },
        JournalConformance("what a chain takes can be appended with its runs") { bench in
            var draft = try bench.delivery("wh_1", of: "video_1")
            let plans = [RunPlan(chain: "deliver", steps: ["fetch", "store"]), Self.other]
            draft.plan = .runs(plans)
            #expect(try await bench.driver.append(draft) == .appended(sequence: 1))
            #expect(try await bench.state(1) == .pending)
            #expect(try await bench.sequences { $0.isUnplanned = true }.isEmpty)
            #expect(try await bench.steps(1).map(\.name) == ["fetch", "store", "tell"])
            #expect(try await bench.driver.outlook().openRunCount == 2)
            try await bench.plan(1, [Self.oneStep])
            #expect(try await bench.claim().map(\.chain) == ["deliver", "other"])
        },
        JournalConformance("runs that are appended stand in the order of urgency") { bench in
            var news = JobUpdate(
                provider: "openai",
                id: try bench.video("video_2"),
                origin: .event,
                moment: bench.at(0)
            )
            news.expiresAt = bench.at(400)
            _ = try await bench.driver.record(news)
            for index in 1...3 {
                var draft = try bench.delivery("wh_\(index)", of: "video_\(index)")
                draft.plan = .runs([Self.oneStep])
                _ = try await bench.driver.append(draft)
            }
            #expect(try await bench.claim().map(\.entry.sequence) == [2, 1, 3])
        },
        JournalConformance("a plan holds for no draft that would not be pending") { bench in
            var first = try bench.delivery("wh_1", of: "video_1")
            first.plan = .runs([Self.oneStep])
            _ = try await bench.driver.append(first)
            #expect(try await bench.driver.append(first) == .redelivery(sequence: 1))
            var again = try bench.delivery("wh_2", of: "video_1")
            again.plan = .runs([Self.oneStep])
            #expect(try await bench.driver.append(again) == .duplicateFact(sequence: 2, of: 1))
            var contrary = try bench.delivery("wh_3", "video.failed", of: "video_1")
            contrary.plan = .unhandled(Reason("no_chain"))
            #expect(try await bench.driver.append(contrary) == .contradiction(sequence: 3, of: 1))
            var faulty = try bench.delivery("wh_4", body: Array("no JSON".utf8))
            faulty.plan = .runs([Self.oneStep])
            #expect(try await bench.driver.append(faulty) == .appended(sequence: 4))
            #expect(try await bench.state(2) == .duplicate)
            #expect(try await bench.entry(3).reason == nil)
            #expect(try await bench.state(3) == .contradicted)
            #expect(try await bench.entry(4).reason == Reason("not_json"))
            #expect(try await bench.claim().map(\.entry.sequence) == [1])
            #expect(try await bench.driver.outlook().openRunCount == 1)
        },
        JournalConformance("a plan that came with its append lasts", needsPersistence: true) {
            bench in
            var wanted = try bench.delivery("wh_1", of: "video_1")
            wanted.plan = .runs([Self.oneStep])
            _ = try await bench.driver.append(wanted)
            var unwanted = try bench.delivery("wh_2", "batch.completed", of: nil)
            unwanted.plan = .unhandled(Reason("no_chain"))
            _ = try await bench.driver.append(unwanted)
            let later = try await bench.reopened()
            #expect(try await later.sequences { $0.isUnplanned = true }.isEmpty)
            #expect(try await later.entry(2).reason == Reason("no_chain"))
            #expect(try await later.claimOne().chain == "deliver")
            await later.driver.close()
        },
    ]

    private static let other = RunPlan(chain: "other", steps: ["tell"])
}
