internal import ReelJournal
internal import Testing

extension JournalConformance {
    /// Two are told side by side, and a command comes after both.
    private static let both = RunPlan(
        chain: "deliver",
        steps: ["fetch", "store", "tell-a", "tell-b", "after"],
        lanes: [nil, nil, "a", "b", nil]
    )
    private static let last = RunPlan(
        chain: "deliver",
        steps: ["fetch", "tell-a", "tell-b"],
        lanes: [nil, "a", "b"]
    )
    private static let only = RunPlan(
        chain: "failed",
        steps: ["tell-a", "tell-b"],
        lanes: ["a", "b"]
    )

    private static let progress = "video.progress"

    /// Steps that stand side by side.
    static let lanes = [
        JournalConformance("steps with lanes begin together, after what comes before") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1", [both])
            let fetch = try await bench.claimOne()
            #expect(try await bench.claim().isEmpty)
            let store = try await bench.next(fetch)
            #expect(store.stepName == "store" && store.stepIndex == 1)
            #expect(try await bench.settle(store, .done(note: "kept")) == .released)
            #expect(try await bench.state(sequence) == .running)
            let told = try await bench.claim()
            #expect(told.map(\.stepName) == ["tell-a", "tell-b"])
            #expect(told.map(\.stepIndex) == [2, 3] && told.allSatisfy { $0.attempt == 1 })

            let busy = StepVerdict.retry(at: bench.at(5_000), Reason("busy"))
            #expect(try await bench.settle(told[0], busy) == .released)
            #expect(try await bench.settle(told[1], .done(note: "204")) == .released)
            #expect(try await bench.state(sequence) == .waiting)
            #expect(try await bench.claim(at: 4_999).isEmpty)
            let steps = try await bench.steps(sequence)
            #expect(steps.map(\.name) == both.steps && steps.map(\.index) == Array(0..<5))
            #expect(steps.map(\.state) == [.done, .done, .waiting, .done, .pending])
            #expect(steps.map(\.attempts) == [1, 1, 1, 1, 0])
            #expect(steps.map(\.note) == [nil, "kept", nil, "204", nil])

            let again = try await bench.claimOne(at: 5_000, until: 5_060)
            #expect(again.stepName == "tell-a" && again.attempt == 2)
            _ = try await bench.settle(again, .done(note: nil), from: 5_000, to: 5_001)
            let after = try await bench.claimOne(at: 5_002, until: 5_060)
            #expect(after.stepName == "after" && after.stepIndex == 4)
            _ = try await bench.settle(after, .done(note: nil), from: 5_002, to: 5_003)
            #expect(try await bench.state(sequence) == .done)
            #expect(try await bench.driver.attempts(of: sequence).count == 6)
            #expect(try await bench.driver.outlook().openRunCount == 0)
        },
        JournalConformance("each lane has a dead letter of its own") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1", [both])
            _ = try await bench.next(try await bench.next(bench.claimOne()), isLast: true)
            let told = try await bench.claim()
            _ = try await bench.settle(told[0], .dead(Reason("target_gone")))
            #expect(try await bench.state(sequence) == .running)
            #expect(try await bench.sequences { $0.states = [.dead] } == [sequence])
            _ = try await bench.settle(told[1], .done(note: nil))
            #expect(try await bench.state(sequence) == .dead)
            #expect(try await bench.entry(sequence).reason?.code == "target_gone")
            #expect(try await bench.claim(at: 9_000).isEmpty)
            #expect(try await bench.driver.retryDead([sequence], at: bench.at(30)) == [sequence])
            let retried = try await bench.claimOne(at: 30)
            #expect(retried.stepName == "tell-a" && retried.attempt == 1)
            _ = try await bench.settle(retried, .done(note: nil), from: 30, to: 31)
            #expect(try await bench.claimOne(at: 32).stepName == "after")
        },
        JournalConformance("a dead step before lanes leaves them alone, and is retried") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1", [last])
            _ = try await bench.settle(bench.claimOne(), .dead(Reason("expired")))
            #expect(try await bench.state(sequence) == .dead)
            #expect(try await bench.steps(sequence).map(\.state) == [.dead, .pending, .pending])
            _ = try await bench.driver.retryDead([sequence], at: bench.at(30))
            _ = try await bench.settle(bench.claimOne(at: 30), .done(note: nil))
            #expect(try await bench.claim(at: 31).map(\.stepName) == ["tell-a", "tell-b"])
        },
        JournalConformance("a lane that waits holds up later events in that lane alone") { bench in
            let first = try await bench.progress("wh_1", last)
            let second = try await bench.progress("wh_2", last)
            let fetch = try await bench.claimOne()
            #expect(fetch.entry.sequence == first)
            _ = try await bench.settle(fetch, .done(note: nil))
            // Whom they tell is at work: the next event's own work begins, and what is for the same
            // two waits.
            let told = try await bench.claim()
            #expect(told.map(\.stepName) == ["tell-a", "tell-b", "fetch"])
            #expect(told.map(\.entry.sequence) == [first, first, second])
            _ = try await bench.settle(told[2], .done(note: nil))
            #expect(try await bench.claim(at: 20).isEmpty)
            let busy = StepVerdict.retry(at: bench.at(5_000), Reason("busy"))
            _ = try await bench.settle(told[0], busy)
            _ = try await bench.settle(told[1], .done(note: nil))
            let later = try await bench.claimOne(at: 21)
            #expect(later.stepName == "tell-b" && later.entry.sequence == second)
            _ = try await bench.settle(later, .done(note: nil))
            #expect(try await bench.claim(at: 4_999).isEmpty)
            #expect(try await bench.driver.outlook().nextDueAt == bench.at(5_000))
            let again = try await bench.claimOne(at: 5_000, until: 5_060)
            #expect(again.entry.sequence == first)
            _ = try await bench.settle(again, .dead(Reason("gone")))
            #expect(try await bench.claimOne(at: 5_001, until: 5_060).entry.sequence == second)
        },
        JournalConformance("a lane with something after it holds up all later events") { bench in
            _ = try await bench.progress("wh_1", both)
            let second = try await bench.progress("wh_2", only)
            _ = try await bench.next(try await bench.next(bench.claimOne()), isLast: true)
            let told = try await bench.claim()
            #expect(told.map(\.stepName) == ["tell-a", "tell-b"])
            let busy = StepVerdict.retry(at: bench.at(5_000), Reason("busy"))
            _ = try await bench.settle(told[0], busy)
            _ = try await bench.settle(told[1], .done(note: nil))
            #expect(try await bench.claim(at: 4_999).isEmpty)
            #expect(try await bench.steps(second).map(\.state) == [.pending, .pending])
        },
        JournalConformance("lanes are ordered from the plan on, in one round") { bench in
            var round = DispatchRound(leaseUntil: bench.at(70))
            for index in 1...3 {
                let video = index == 3 ? "video_2" : "video_1"
                let sequence = try await bench.append("wh_\(index)", of: video, type: progress)
                let entry = try await bench.entry(sequence)
                round.plans.append(.init(entry: entry, plan: .runs([only])))
            }
            round.claim = ClaimRequest(
                owner: "bench",
                now: bench.at(10),
                leaseUntil: bench.at(70),
                limit: 10
            )
            let claims = try await bench.driver.advance(round).claims
            #expect(claims.map(\.entry.sequence) == [1, 1, 3, 3])
            _ = try await bench.settle(claims[1], .done(note: nil))
            let next = try await bench.claimOne(at: 11)
            #expect(next.entry.sequence == 2 && next.stepName == "tell-b")
        },
        JournalConformance("a lane that was retried waits for the same at work") { bench in
            let first = try await bench.progress("wh_1", only)
            _ = try await bench.progress("wh_2", only)
            let told = try await bench.claim()
            #expect(told.map(\.entry.sequence) == [first, first])
            for claim in told { _ = try await bench.settle(claim, .dead(Reason("gone"))) }
            let later = try await bench.claim(at: 20, until: 80)
            #expect(later.map(\.stepName) == ["tell-a", "tell-b"])
            _ = try await bench.settle(later[0], .done(note: nil))
            _ = try await bench.driver.retryDead([first], at: bench.at(30))
            let again = try await bench.claimOne(at: 31)
            #expect(again.stepName == "tell-a" && again.entry.sequence == first)
        },
        JournalConformance("lanes are there after opening again", needsPersistence: true) { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1", [last])
            _ = try await bench.settle(bench.claimOne(), .done(note: nil))
            let told = try await bench.claim()
            _ = try await bench.settle(told[1], .done(note: nil))
            let steps = try await bench.steps(sequence)

            let second = try await bench.reopened()
            #expect(try await second.steps(sequence) == steps)
            // Its owner died with its process, and nothing of the lane that is done is done again.
            let taken = try await second.claimOne(at: 21, until: 140)
            #expect(taken.stepName == "tell-a" && taken.attempt == 2 && taken.firstStep == 1)
            #expect(try await second.settle(told[0], .done(note: nil)) == .fenced)
            #expect(try await second.settle(taken, .done(note: nil)) == .released)
            #expect(try await second.state(sequence) == .done)
            await second.driver.close()
        },
    ]
}

extension JournalBench {
    /// Appends an event of the one video, and plans it.
    fileprivate func progress(_ id: String, _ plan: RunPlan) async throws -> Int64 {
        try await appendPlanned(id, of: "video_1", type: "video.progress", [plan])
    }

    /// Has a step done and gives the next of its run; with `isLast` that there is none.
    @discardableResult
    fileprivate func next(_ claim: Claim, isLast: Bool = false) async throws -> Claim {
        switch try await settle(claim, .done(note: nil)) {
        case .next(let next):
            #expect(!isLast)
            return next
        case .released, .fenced:
            #expect(isLast)
            return claim
        }
    }
}
