internal import ReelJournal
internal import Testing

extension JournalConformance {
    static let settling = [
        JournalConformance("done begins the next step at once, under the same token") { bench in
            let sequence = try await bench.append("wh_1", of: "video_1")
            try await bench.plan(sequence)
            let fetch = try await bench.claimOne()
            guard
                case .next(let store) = try await bench.settle(fetch, .done(note: "3 files"))
            else { return _ = Issue.record("the next step did not begin") }
            #expect(store.stepIndex == 1 && store.stepName == "store" && store.attempt == 1)
            #expect(store.token == fetch.token && store.checkpoint == nil)
            #expect(store.leaseUntil == bench.at(80))
            #expect(try await bench.settle(fetch, .done(note: nil)) == .fenced)
            #expect(try await bench.claim(at: 75).isEmpty)
            guard case .next(let notify) = try await bench.settle(store, .done(note: nil)) else {
                return _ = Issue.record("the last step did not begin")
            }
            #expect(try await bench.state(sequence) == .running)
            #expect(try await bench.settle(notify, .done(note: "sent"), to: 30) == .released)
            #expect(try await bench.state(sequence) == .done)
            let steps = try await bench.steps(sequence)
            #expect(steps.map(\.state) == [.done, .done, .done])
            #expect(steps.map(\.note) == ["3 files", nil, "sent"])
            #expect(steps.map(\.attempts) == [1, 1, 1])
            #expect(steps.map(\.finishedAt) == [bench.at(20), bench.at(20), bench.at(30)])
            #expect(steps.map(\.index) == [0, 1, 2])
        },
        JournalConformance("a step that was begun and lost is claimed again itself") { bench in
            let sequence = try await bench.append("wh_1", of: "video_1")
            try await bench.plan(sequence)
            let fetch = try await bench.claimOne()
            _ = try await bench.settle(fetch, .done(note: nil), lease: 80)
            let again = try await bench.claimOne(at: 80, until: 140)
            #expect(again.stepName == "store" && again.attempt == 2)
        },
        JournalConformance("a retry counts the attempt and waits") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            let reason = Reason("provider_unavailable", "503")
            for attempt in 1...3 {
                let claim = try await bench.claimOne(at: Int64(attempt) * 100, until: 1_000)
                #expect(claim.attempt == attempt)
                let due = bench.at(Int64(attempt) * 100 + 100)
                #expect(try await bench.settle(claim, .retry(at: due, reason)) == .released)
                let entry = try await bench.entry(sequence)
                #expect(entry.state == .waiting && entry.reason == reason)
                let step = try #require(try await bench.steps(sequence).first)
                #expect(step.state == .waiting && step.attempts == attempt)
                #expect(step.dueAt == due && step.reason == reason && step.finishedAt == nil)
                #expect(try await bench.claim(at: Int64(attempt) * 100 + 99).isEmpty)
            }
            let attempts = try await bench.driver.attempts(of: sequence)
            #expect(attempts.map(\.attempt) == [1, 2, 3])
            #expect(attempts.allSatisfy { $0.outcome == "retry" && $0.reason == reason })
        },
        JournalConformance("a postponement does not count the attempt") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            for round in 1...3 {
                let claim = try await bench.claimOne(at: Int64(round) * 100, until: 1_000)
                #expect(claim.attempt == 1)
                let due = bench.at(Int64(round) * 100 + 50)
                let later = StepVerdict.postpone(until: due, Reason("disk_full"))
                #expect(try await bench.settle(claim, later) == .released)
                #expect(try await bench.state(sequence) == .waiting)
                #expect(try await bench.steps(sequence).first?.attempts == 0)
            }
            let attempts = try await bench.driver.attempts(of: sequence)
            #expect(attempts.map(\.outcome) == ["postpone", "postpone", "postpone"])
        },
        JournalConformance("a checkpoint is there for the next attempt, not for the next step") {
            bench in
            let sequence = try await bench.append("wh_1", of: "video_1")
            try await bench.plan(sequence)
            let first = try await bench.claimOne()
            #expect(try await bench.driver.saveCheckpoint(first, []))
            #expect(try await bench.driver.saveCheckpoint(first, [1, 2, 0, 255]))
            _ = try await bench.settle(first, .retry(at: bench.at(50), Reason("cut")))
            let second = try await bench.claimOne(at: 50, until: 110)
            #expect(second.checkpoint == [1, 2, 0, 255])
            // Also for one who takes over.
            let third = try await bench.claimOne(at: 110, until: 170)
            #expect(third.checkpoint == [1, 2, 0, 255])
            guard case .next(let store) = try await bench.settle(third, .done(note: nil)) else {
                return _ = Issue.record("the next step did not begin")
            }
            #expect(store.checkpoint == nil)
            _ = try await bench.settle(store, .retry(at: bench.at(130), Reason("busy")))
            #expect(try await bench.claimOne(at: 130).checkpoint == nil)
        },
        JournalConformance("an empty checkpoint is not none") { bench in
            _ = try await bench.appendPlanned("wh_1", of: "video_1")
            let first = try await bench.claimOne()
            #expect(try await bench.driver.saveCheckpoint(first, []))
            #expect(try await bench.claimOne(at: 70, until: 130).checkpoint == [])
        },
    ]

    static let deadLetters = [
        JournalConformance("a dead run is kept with its reason") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            let reason = Reason("expired", "the link died at noon")
            #expect(
                try await bench.settle(try await bench.claimOne(), .dead(reason)) == .released
            )
            let entry = try await bench.entry(sequence)
            #expect(entry.state == .dead && entry.reason == reason)
            let step = try #require(try await bench.steps(sequence).first)
            #expect(step.state == .dead && step.reason == reason)
            #expect(step.finishedAt == bench.at(20))
            #expect(try await bench.claim(at: 100_000).isEmpty)
            #expect(try await bench.driver.outlook().deadRunCount == 1)
        },
        JournalConformance("a dead run is retried with its attempts counted anew") { bench in
            let dead = try await bench.appendPlanned("wh_1", of: "video_1")
            let other = try await bench.appendPlanned("wh_2", of: "video_2")
            for claim in try await bench.claim() where claim.entry.sequence == dead {
                _ = try await bench.driver.saveCheckpoint(claim, [7])
                _ = try await bench.settle(claim, .dead(Reason("gone")))
            }
            let asked = [other, dead, 999]
            #expect(try await bench.driver.retryDead(asked, at: bench.at(30)) == [dead])
            #expect(try await bench.driver.retryDead(asked, at: bench.at(30)) == [])
            #expect(try await bench.state(dead) == .waiting)
            #expect(try await bench.driver.outlook().deadRunCount == 0)
            #expect(try await bench.claim(at: 29).isEmpty)
            let again = try await bench.claimOne(at: 30)
            #expect(again.entry.sequence == dead && again.attempt == 1)
            #expect(again.checkpoint == [7] && again.token == 2)
            #expect(try await bench.driver.attempts(of: dead).map(\.outcome) == ["dead"])
        },
        JournalConformance("a dead run is discarded for good, with the reason") { bench in
            let dead = try await bench.appendPlanned("wh_1", of: "video_1")
            _ = try await bench.settle(try await bench.claimOne(), .dead(Reason("gone")))
            let reason = Reason("operator", "not needed")
            let discarded = try await bench.driver.discardDead(
                [dead, 999],
                reason: reason,
                at: bench.at(30)
            )
            #expect(discarded == [dead])
            let entry = try await bench.entry(dead)
            #expect(entry.state == .discarded && entry.reason == reason)
            #expect(try await bench.driver.retryDead([dead], at: bench.at(40)).isEmpty)
            #expect(try await bench.driver.outlook().deadRunCount == 0)
            #expect(try await bench.claim(at: 1_000).isEmpty)
        },
        JournalConformance("only the dead chain of an event is retried") { bench in
            let plans = [
                RunPlan(chain: "store", steps: ["fetch"]), RunPlan(chain: "audit", steps: ["log"]),
            ]
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1", plans)
            let claims = try await bench.claim()
            _ = try await bench.settle(claims[0], .done(note: nil))
            _ = try await bench.settle(claims[1], .dead(Reason("broken")))
            #expect(try await bench.driver.retryDead([sequence], at: bench.at(30)) == [sequence])
            #expect(try await bench.claimOne(at: 30).chain == "audit")
        },
        JournalConformance("a dead run is found and reached whatever the others do") { bench in
            let plans = ["a", "b"].map { RunPlan(chain: $0, steps: ["fetch"]) }
            let type = "batch.completed"
            var sequences: [Int64] = []
            for index in 1...4 {
                sequences.append(
                    try await bench.appendPlanned("wh_\(index)", of: nil, type: type, plans)
                )
            }
            let (waiting, working) = (sequences[0], sequences[1])
            let (dead, sound) = (sequences[2], sequences[3])
            let gone = StepVerdict.dead(Reason("gone"))
            let later = StepVerdict.retry(at: bench.at(500), Reason("busy"))
            for claim in try await bench.claim() {
                switch (claim.entry.sequence, claim.chain) {
                case (dead, _), (waiting, "a"), (working, "b"):
                    _ = try await bench.settle(claim, gone)
                case (waiting, _), (sound, _): _ = try await bench.settle(claim, later)
                default: break
                }
            }
            #expect(try await bench.state(waiting) == .waiting)
            #expect(try await bench.state(working) == .running)
            #expect(try await bench.driver.outlook().deadRunCount == 4)
            let queries: [(Comment, [Int64], @Sendable (inout EntryQuery) -> Void)] = [
                ("dead", [dead, working, waiting], { $0.states = [.dead] }),
                (
                    "a state besides", [sound, dead, working, waiting],
                    {
                        $0.states = [.dead, .waiting]
                    }
                ),
                ("another state", [sound, waiting], { $0.states = [.waiting] }),
                (
                    "type", [dead, working, waiting],
                    {
                        ($0.types, $0.states) = ([type], [.dead])
                    }
                ),
                ("another type", [], { ($0.types, $0.states) = (["batch.failed"], [.dead]) }),
                ("page", [waiting], { ($0.states, $0.before) = ([.dead], working) }),
                ("after", [dead, working], { ($0.states, $0.after) = ([.dead], waiting) }),
                ("named", [working], { ($0.states, $0.sequences) = ([.dead], [working, sound]) }),
                ("webhook id", [waiting], { ($0.states, $0.webhookID) = ([.dead], "wh_1") }),
            ]
            for (name, expected, change) in queries {
                #expect(try await bench.sequences(change) == expected, name)
                var query = EntryQuery()
                change(&query)
                #expect(try await bench.driver.count(query) == Int64(expected.count), name)
                query.order = .oldestFirst
                query.limit = 1
                let oldest = try await bench.driver.entries(query).map(\.sequence)
                #expect(oldest == expected.suffix(1), name)
            }
            let retried = try await bench.driver.retryDead([waiting], at: bench.at(30))
            #expect(retried == [waiting])
            #expect(try await bench.state(waiting) == .waiting)
            #expect(try await bench.claimOne(at: 30).chain == "a")
            let discarded = try await bench.driver.discardDead(
                [working],
                reason: Reason("operator"),
                at: bench.at(30)
            )
            #expect(discarded == [working])
            #expect(try await bench.state(working) == .running)
            #expect(try await bench.sequences { $0.states = [.dead] } == [dead])
        },
        JournalConformance("attempts are counted beyond those that are kept") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            #expect(try await bench.driver.attemptCount(of: sequence) == 0)
            for attempt in 1...(RunProgress.historyCountMax + 3) {
                let moment = Int64(attempt) * 10
                let claim = try await bench.claimOne(at: moment, until: moment + 5)
                let verdict = StepVerdict.retry(at: bench.at(moment + 1), Reason("busy"))
                _ = try await bench.settle(claim, verdict, from: moment, to: moment)
            }
            let kept = try await bench.driver.attempts(of: sequence).count
            #expect(kept == RunProgress.historyCountMax)
            #expect(try await bench.driver.attemptCount(of: sequence) == Int64(kept) + 3)
            #expect(try await bench.driver.attemptCount(of: 99) == 0)
        },
    ]
}
