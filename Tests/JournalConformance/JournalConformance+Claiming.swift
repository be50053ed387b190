internal import ReelJournal
internal import ReelRuntime
internal import Testing

extension JournalConformance {
    static let planning = [
        JournalConformance("a plan is made once") { bench in
            let sequence = try await bench.append("wh_1", of: "video_1")
            #expect(try await bench.sequences { $0.isUnplanned = true } == [sequence])
            try await bench.plan(sequence)
            #expect(try await bench.sequences { $0.isUnplanned = true }.isEmpty)
            #expect(try await bench.state(sequence) == .pending)
            try await bench.plan(sequence, [RunPlan(chain: "other", steps: ["a"])])
            try await bench.driver.plan([
                (sequence: sequence, plan: .unhandled(Reason("no_chain"))), (999, .runs([])),
            ])
            #expect(try await bench.state(sequence) == .pending)
            #expect(
                try await bench.steps(sequence).map(\.chain)
                    == Array(repeating: "deliver", count: 3)
            )
            #expect(try await bench.steps(sequence).map(\.name) == ["fetch", "store", "notify"])
            #expect(try await bench.steps(sequence).allSatisfy { $0.state == .pending })
        },
        JournalConformance("an event that no chain takes is set aside with the reason") { bench in
            let sequence = try await bench.append("wh_1", of: nil, type: "batch.completed")
            try await bench.driver.plan([
                (sequence: sequence, plan: .unhandled(Reason("no_chain", "nobody asked")))
            ])
            let entry = try await bench.entry(sequence)
            #expect(entry.state == .unhandled)
            #expect(entry.reason == Reason("no_chain", "nobody asked"))
            try await bench.plan(sequence)
            #expect(try await bench.claim().isEmpty)
        },
    ]

    static let claiming = [
        JournalConformance("a claim begins the first step") { bench in
            let sequence = try await bench.append("wh_1", of: "video_1")
            try await bench.plan(sequence)
            let claim = try await bench.claimOne()
            #expect(claim.entry.sequence == sequence && claim.chain == "deliver")
            #expect(claim.stepIndex == 0 && claim.stepName == "fetch" && claim.attempt == 1)
            #expect(claim.checkpoint == nil && claim.token == 1)
            #expect(claim.leaseUntil == bench.at(70))
            #expect(claim.entry.state == .running)
            #expect(try await bench.state(sequence) == .running)
            #expect(try await bench.steps(sequence).map(\.state) == [.running, .pending, .pending])
            #expect(try await bench.claim().isEmpty)
        },
        JournalConformance("soonest to expire first, then as they came") { bench in
            for index in 1...5 {
                _ = try await bench.appendPlanned("wh_\(index)", of: "video_\(index)")
            }
            for (video, expiry) in [("video_4", 500), ("video_2", 400)] as [(String, Int64)] {
                var news = JobUpdate(
                    provider: "openai",
                    id: try bench.video(video),
                    origin: .event,
                    moment: bench.at(1)
                )
                news.expiresAt = bench.at(expiry)
                _ = try await bench.driver.record(news)
            }
            #expect(try await bench.claim(limit: 0).isEmpty)
            let first = try await bench.claim(limit: 3)
            #expect(first.map(\.entry.sequence) == [2, 4, 1])
            #expect(try await bench.claim().map(\.entry.sequence) == [3, 5])
        },
        JournalConformance("an expiry known before the event counts too") { bench in
            var news = JobUpdate(
                provider: "openai",
                id: try bench.video("video_2"),
                origin: .console,
                moment: bench.at(0)
            )
            news.expiresAt = bench.at(100)
            _ = try await bench.driver.record(news)
            for index in 1...2 {
                _ = try await bench.appendPlanned("wh_\(index)", of: "video_\(index)")
            }
            #expect(try await bench.claim().map(\.entry.sequence) == [2, 1])
        },
        JournalConformance("events of one video run in order, others beside it") { bench in
            let first = try await bench.appendPlanned("wh_1", of: "video_1", type: "video.progress")
            let second = try await bench.appendPlanned("wh_2", of: "video_1")
            let other = try await bench.appendPlanned("wh_3", of: "video_2")
            let none = try await bench.appendPlanned("wh_4", of: nil, type: "batch.completed")
            let none2 = try await bench.appendPlanned("wh_5", of: nil, type: "batch.completed")
            let claims = try await bench.claim()
            #expect(claims.map(\.entry.sequence) == [first, other, none, none2])
            #expect(try await bench.claim(at: 11).isEmpty)
            // It waits: what follows it waits too.
            let waits = StepVerdict.retry(at: bench.at(1_000), Reason("busy"))
            #expect(try await bench.settle(claims[0], waits) == .released)
            #expect(try await bench.claim(at: 21).isEmpty)
            let again = try await bench.claim(at: 1_000, until: 1_060).filter {
                $0.entry.videoID?.rawValue == "video_1"
            }
            #expect(again.map(\.entry.sequence) == [first])
            _ = try await bench.settle(again[0], .done(note: nil), to: 1_001)
            let last = try await bench.claim(at: 1_002, until: 1_060)
            #expect(last.map(\.entry.sequence) == [second])
        },
        JournalConformance("a dead event lets the next of its video pass") { bench in
            _ = try await bench.appendPlanned("wh_1", of: "video_1", type: "video.progress")
            let second = try await bench.appendPlanned("wh_2", of: "video_1")
            _ = try await bench.settle(try await bench.claimOne(), .dead(Reason("gone")))
            #expect(try await bench.claimOne(at: 21).entry.sequence == second)
        },
        JournalConformance("a retried event does not run beside a later one") { bench in
            let first = try await bench.appendPlanned(
                "wh_1",
                of: "video_1",
                type: "video.progress"
            )
            let second = try await bench.appendPlanned("wh_2", of: "video_1")
            _ = try await bench.settle(try await bench.claimOne(), .dead(Reason("gone")))
            let later = try await bench.claimOne(at: 21, until: 81)
            #expect(later.entry.sequence == second)
            #expect(try await bench.driver.retryDead([first], at: bench.at(30)) == [first])
            #expect(try await bench.claim(at: 31).isEmpty)
            #expect(try await bench.driver.outlook().nextDueAt == bench.at(81))
            _ = try await bench.settle(later, .done(note: nil), to: 40)
            #expect(try await bench.claimOne(at: 41).entry.sequence == first)
        },
        JournalConformance("the chains of one event run side by side") { bench in
            let plans = [
                RunPlan(chain: "store", steps: ["fetch"]), RunPlan(chain: "audit", steps: ["log"]),
            ]
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1", plans)
            let claims = try await bench.claim()
            #expect(claims.map(\.chain) == ["store", "audit"])
            #expect(claims.allSatisfy { $0.entry.sequence == sequence })
            _ = try await bench.settle(claims[0], .done(note: nil))
            #expect(try await bench.state(sequence) == .running)
            _ = try await bench.settle(claims[1], .dead(Reason("broken")))
            #expect(try await bench.state(sequence) == .dead)
            #expect(try await bench.entry(sequence).reason == Reason("broken"))
            #expect(try await bench.steps(sequence).map(\.chain) == ["store", "audit"])
        },
        JournalConformance("a lease that is over is taken over, and the owner fenced") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            let first = try await bench.claimOne(at: 10, until: 70)
            #expect(try await bench.claim(at: 69, until: 200).isEmpty)
            let second = try await bench.claimOne(at: 70, until: 200)
            #expect(second.token > first.token && second.attempt == 2)
            #expect(try await bench.settle(first, .done(note: nil)) == .fenced)
            let dead = StepVerdict.dead(Reason("late"))
            #expect(try await bench.settle(first, dead) == .fenced)
            #expect(try await bench.driver.saveCheckpoint(first, [1]) == false)
            #expect(try await bench.driver.renew([first], until: bench.at(900)).isEmpty)
            #expect(try await bench.state(sequence) == .running)
            #expect(try await bench.settle(second, .done(note: nil), from: 70) == .released)
            #expect(try await bench.settle(second, .done(note: nil)) == .fenced)
            #expect(try await bench.state(sequence) == .done)
            let attempts = try await bench.driver.attempts(of: sequence)
            #expect(attempts.map(\.outcome) == ["lost", "done"])
            #expect(attempts.map(\.attempt) == [1, 2])
            #expect(attempts[0].reason?.code == "lease_over")
            #expect(attempts[0].startedAt == bench.at(10) && attempts[0].endedAt == bench.at(70))
        },
        JournalConformance("a lease is renewed") { bench in
            _ = try await bench.appendPlanned("wh_1", of: "video_1")
            _ = try await bench.appendPlanned("wh_2", of: "video_2")
            let claims = try await bench.claim(at: 10, until: 70)
            let renewed = try await bench.driver.renew([claims[0]], until: bench.at(300))
            #expect(renewed.map(\.leaseUntil) == [bench.at(300)])
            #expect(renewed.map(\.token) == [claims[0].token])
            let taken = try await bench.claim(at: 100, until: 400)
            #expect(taken.map(\.entry.sequence) == [2])
            #expect(try await bench.settle(renewed[0], .done(note: nil)) == .released)
        },
        JournalConformance("an owner whose lease is over may finish before another comes") {
            bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            let claim = try await bench.claimOne(at: 10, until: 70)
            #expect(try await bench.settle(claim, .done(note: nil), to: 500) == .released)
            #expect(try await bench.state(sequence) == .done)
        },
        JournalConformance("a hundred who claim at once never get the same run") { bench in
            for index in 1...40 {
                _ = try await bench.appendPlanned("wh_\(index)", of: "video_\(index)")
            }
            let claims = try await withThrowingTaskGroup(of: [Claim].self) { group in
                for _ in 0..<100 { group.addTask { try await bench.claim(limit: 1) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claims.map(\.entry.sequence).sorted() == Array(1...40))
        },
        JournalConformance("the outlook tells when something is to be done") { bench in
            func nextDueAt() async throws -> Timestamp? {
                let outlook = try await bench.driver.outlook()
                return outlook.nextDueAt
            }
            _ = try await bench.appendPlanned("wh_1", of: "video_1", type: "video.progress")
            _ = try await bench.appendPlanned("wh_2", of: "video_1")
            _ = try await bench.appendPlanned("wh_3", of: "video_3")
            #expect(try await nextDueAt() == Timestamp(millisecondsSinceEpoch: 0))
            #expect(try await bench.driver.outlook().openRunCount == 3)
            let claims = try await bench.claim(at: 10, until: 70)
            #expect(claims.count == 2)
            #expect(try await nextDueAt() == bench.at(70))
            // The second event of the first video is held back: it is not due.
            let waits = StepVerdict.retry(at: bench.at(50), Reason("busy"))
            _ = try await bench.settle(claims[0], waits)
            #expect(try await nextDueAt() == bench.at(50))
            _ = try await bench.settle(claims[1], .dead(Reason("gone")))
            let outlook = try await bench.driver.outlook()
            #expect(outlook.openRunCount == 2 && outlook.deadRunCount == 1)
            let again = try await bench.claimOne(at: 50, until: 110)
            #expect(try await nextDueAt() == bench.at(110))
            _ = try await bench.settle(again, .done(note: nil))
            #expect(try await nextDueAt() == Timestamp(millisecondsSinceEpoch: 0))
            _ = try await bench.settle(try await bench.claimOne(), .done(note: nil))
            #expect(try await nextDueAt() == nil)
            #expect(try await bench.driver.outlook().openRunCount == 0)
        },
    ]
}
