internal import ReelJournal
internal import ReelRuntime
internal import Testing

extension JournalConformance {
    static let rounds = [
        JournalConformance("a round records, plans and claims at once") { bench in
            let first = try await bench.appendPlanned(
                "wh_1",
                of: "video_1",
                [RunPlan(chain: "deliver", steps: ["fetch", "store"])]
            )
            let claim = try await bench.claimOne()
            let second = try await bench.append("wh_2", of: "video_1", type: "video.progress")
            let third = try await bench.append("wh_3", of: "video_3")
            let fourth = try await bench.append("wh_4", of: nil, type: "batch.completed")
            var round = bench.round(claiming: 1)
            round.settlements = [bench.settlement(claim, .done(note: "here"))]
            round.plans = [
                try await bench.planned(second), try await bench.planned(third),
                DispatchRound.Planned(
                    entry: try await bench.entry(fourth),
                    plan: .unhandled(Reason("no_chain"))
                ),
            ]
            let outcome = try await bench.driver.advance(round)
            guard case .next(let next) = outcome.settled.first else {
                Issue.record("the run did not go on: \(outcome.settled)")
                return
            }
            #expect(next.stepName == "store" && next.token == claim.token)
            // The second stands behind the first, which is of the same video.
            #expect(outcome.claims.map(\.entry.sequence) == [third])
            #expect(outcome.claims.map(\.entry.state) == [.running])
            #expect(try await bench.state(first) == .running)
            #expect(try await bench.state(second) == .pending)
            #expect(try await bench.state(third) == .running)
            #expect(try await bench.state(fourth) == .unhandled)
        },
        JournalConformance("a slot that a round frees is filled in it") { bench in
            let first = try await bench.appendPlanned("wh_1", of: "video_1")
            let second = try await bench.appendPlanned("wh_2", of: "video_1", type: "video.x")
            let claim = try await bench.claimOne()
            var round = bench.round(claiming: 0)
            round.settlements = [bench.settlement(claim, .done(note: nil))]
            let outcome = try await bench.driver.advance(round)
            #expect(outcome.settled == [.released])
            #expect(outcome.claims.map(\.entry.sequence) == [second])
            #expect(try await bench.state(first) == .done)
        },
        JournalConformance("a round of an owner that was taken over records nothing") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            let late = try await bench.claimOne(at: 10, until: 70)
            let next = try await bench.claimOne(at: 70, until: 200)
            for verdict in [
                StepVerdict.done(note: nil), .retry(at: bench.at(80), Reason("a")),
                .postpone(until: bench.at(80), Reason("a")),
                .hold(until: bench.at(80), Reason("a")), .dead(Reason("a")),
            ] {
                var round = bench.round(claiming: nil)
                round.settlements = [bench.settlement(late, verdict)]
                #expect(try await bench.driver.advance(round).settled == [.fenced])
            }
            #expect(try await bench.state(sequence) == .running)
            #expect(try await bench.settle(next, .done(note: nil), from: 70) == .released)
        },
        JournalConformance("two owners on one journal never have one run") { bench in
            for index in 1...60 {
                _ = try await bench.appendPlanned(
                    "wh_\(index)",
                    of: "video_\(index % 20)",
                    type: "video.n\(index)",
                    [RunPlan(chain: "deliver", steps: ["a", "b"])]
                )
            }
            let done = try await withThrowingTaskGroup(of: [String].self) { group in
                for owner in ["one", "other"] {
                    group.addTask { try await bench.workToTheEnd(as: owner) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(done.count == 120)
            #expect(Set(done).count == 120)
            #expect(try await bench.driver.outlook().openRunCount == 0)
            for sequence in Int64(1)...60 {
                let attempts = try await bench.driver.attempts(of: sequence)
                #expect(attempts.map(\.outcome) == ["done", "done"])
            }
        },
        JournalConformance("what is held back leaves no attempt") { bench in
            let sequence = try await bench.appendPlanned("wh_1", of: "video_1")
            let reason = Reason(BreakerRecord.waitingCode, "provider:a")
            for moment in stride(from: Int64(10), to: 50, by: 10) {
                let claim = try await bench.claimOne(at: moment, until: moment + 60)
                #expect(claim.attempt == 1)
                let hold = StepVerdict.hold(until: bench.at(moment + 10), reason)
                #expect(try await bench.settle(claim, hold, to: moment) == .released)
            }
            #expect(try await bench.state(sequence) == .waiting)
            #expect(try await bench.entry(sequence).reason == reason)
            #expect(try await bench.steps(sequence).map(\.attempts) == [0])
            #expect(try await bench.driver.attempts(of: sequence).isEmpty)
        },
        JournalConformance("a breaker that closes lets go of what waits behind it") { bench in
            for index in 1...4 {
                _ = try await bench.appendPlanned("wh_\(index)", of: "video_\(index)")
            }
            let claims = try await bench.claim()
            let waits = ["provider:a", "provider:a", "provider:b"].map {
                Reason(BreakerRecord.waitingCode, $0)
            }
            for (claim, reason) in zip(claims, waits + [Reason("provider_timed_out")]) {
                _ = try await bench.settle(claim, .hold(until: bench.at(900), reason))
            }
            try await bench.driver.record(bench.breaker("provider:a", .open, at: 30))
            #expect(try await bench.claim(at: 40).isEmpty)
            let open = try await bench.driver.breakers()
            #expect(open == [bench.breaker("provider:a", .open, at: 30)])
            try await bench.driver.record(bench.breaker("provider:a", .closed, at: 50))
            #expect(try await bench.driver.outlook().nextDueAt == bench.at(50))
            #expect(try await bench.claim(at: 50, until: 110).map(\.entry.sequence) == [1, 2])
            #expect(try await bench.claim(at: 899, until: 1000).count == 2)
            #expect(
                try await bench.driver.breakers()
                    == [bench.breaker("provider:a", .closed, at: 50)]
            )
        },
        JournalConformance("who is called has its turn, the most urgent first") { bench in
            for index in 1...6 {
                _ = try await bench.appendPlanned("wh_\(index)", of: "video_\(index)")
            }
            let turn = ClaimRequest.turnCode
            let waits = [
                Reason(turn, "a"), Reason(turn, "a"), Reason(turn, "a"), Reason(turn, "b"),
                Reason(turn, "a"), Reason(BreakerRecord.waitingCode, "a"),
            ]
            for (claim, reason) in zip(try await bench.claim(), waits) {
                let until = bench.at(claim.entry.sequence == 5 ? 600 : 900)
                _ = try await bench.settle(claim, .hold(until: until, reason))
            }
            var news = JobUpdate(
                provider: "openai",
                id: try bench.video("video_3"),
                origin: .event,
                moment: bench.at(25)
            )
            news.expiresAt = bench.at(5_000)
            _ = try await bench.driver.record(news)
            #expect(try await bench.claim(at: 30).isEmpty)
            let first = try await bench.claim(at: 31, until: 80, calls: ["a": 2, "c": 5])
            #expect(first.map(\.entry.sequence) == [3, 1])
            #expect(first.allSatisfy { $0.attempt == 1 })
            #expect(try await bench.claim(at: 32, until: 80).isEmpty)
            // Whoever finds no slot yet is due all the same.
            #expect(try await bench.claim(at: 33, limit: 0, calls: ["b": 1]).isEmpty)
            let due = try #require(try await bench.driver.outlook().nextDueAt)
            #expect(due <= bench.at(33))
            #expect(try await bench.claim(at: 34, until: 80).map(\.entry.sequence) == [4])
            // In a round a slot that is freed goes to whoever is called.
            var round = bench.round(claiming: 0, calls: ["a": 1])
            round.settlements = [bench.settlement(first[0], .done(note: nil))]
            let outcome = try await bench.driver.advance(round)
            #expect(outcome.claims.map(\.entry.sequence) == [2])
            #expect(try await bench.claim(at: 599, until: 700).count == 3)
            #expect(try await bench.claim(at: 600, until: 700).map(\.entry.sequence) == [5])
        },
        JournalConformance("a breaker makes the moves of its life cycle and no other") { bench in
            let states: [BreakerState?] = [nil] + BreakerState.allCases
            for known in states {
                for next in BreakerState.allCases {
                    let target = "\(known?.rawValue ?? "none")/\(next.rawValue)"
                    if let known {
                        // By the way that leads there.
                        for state in [.open, known] as [BreakerState] {
                            try await bench.driver.record(bench.breaker(target, state, at: 30))
                        }
                    }
                    try await bench.driver.record(bench.breaker(target, next, at: 40))
                    let kept = try await bench.driver.breakers().first { $0.target == target }
                    // One whose opening was missed is kept as open.
                    let isMissed = next == .halfOpen && (known == nil || known == .closed)
                    #expect(kept == bench.breaker(target, isMissed ? .open : next, at: 40))
                    #expect(try #require(kept).state.mayFollow(known))
                }
            }
        },
        JournalConformance("breakers last", needsPersistence: true) { bench in
            let records = ["a", "b"].map { bench.breaker($0, .open, at: 30) }
            for record in records { try await bench.driver.record(record) }
            let again = try await bench.reopened()
            #expect(try await again.driver.breakers() == records)
            await again.driver.close()
        },
    ]
}

extension JournalBench {
    fileprivate func round(
        claiming limit: Int?,
        calls: [String: Int] = [:]
    ) -> DispatchRound {
        var round = DispatchRound(leaseUntil: at(90))
        round.claim = limit.map {
            ClaimRequest(
                owner: "bench",
                now: at(30),
                leaseUntil: at(90),
                limit: $0,
                calls: calls
            )
        }
        return round
    }

    fileprivate func settlement(
        _ claim: Claim,
        _ verdict: StepVerdict
    ) -> DispatchRound.Settlement {
        DispatchRound.Settlement(
            claim: claim,
            verdict: verdict,
            startedAt: at(10),
            endedAt: at(20)
        )
    }

    fileprivate func planned(_ sequence: Int64) async throws -> DispatchRound.Planned {
        DispatchRound.Planned(
            entry: try await entry(sequence),
            plan: .runs([RunPlan(chain: "deliver", steps: ["fetch"])])
        )
    }

    fileprivate func breaker(
        _ target: String,
        _ state: BreakerState,
        at seconds: Int64
    ) -> BreakerRecord {
        BreakerRecord(
            target: target,
            state: state,
            failureCount: state == .closed ? 0 : 5,
            reason: state == .closed ? nil : Reason("provider_timed_out", "no answer"),
            changedAt: at(seconds),
            probeAt: state == .closed ? nil : at(seconds + 15)
        )
    }

    /// Works as a dispatcher does until nothing is open; gives what it brought to an end.
    fileprivate func workToTheEnd(as owner: String) async throws -> [String] {
        var done: [String] = []
        var held: [Claim] = []
        while true {
            var round = DispatchRound(leaseUntil: at(90))
            round.settlements = held.map { settlement($0, .done(note: owner)) }
            round.claim = ClaimRequest(owner: owner, now: at(30), leaseUntil: at(90), limit: 2)
            let outcome = try await driver.advance(round)
            for (claim, settled) in zip(held, outcome.settled) where settled != .fenced {
                done.append("\(claim.entry.sequence) \(claim.stepName)")
            }
            held = outcome.claims
            for case .next(let next) in outcome.settled { held.append(next) }
            guard held.isEmpty else { continue }
            if try await driver.outlook().openRunCount == 0 { return done }
            await Task.yield()
        }
    }
}
