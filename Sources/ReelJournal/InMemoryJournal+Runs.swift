internal import ReelRuntime

// The life of runs.
extension InMemoryJournal {
    mutating func plan(_ sequence: Int64, _ plan: EventPlan) {
        guard sequence >= 1, sequence <= lastSequence else { return }
        let index = Int(sequence) - 1
        guard stored[index].state == .pending, !stored[index].isPlanned else { return }
        stored[index].isPlanned = true
        switch plan {
        case .unhandled(let reason):
            stored[index].state = .unhandled
            stored[index].reason = reason
        case .runs(let plans):
            precondition(!plans.isEmpty, "an event that no chain takes is planned as unhandled")
            begin(plans.flatMap { RunProgress.first(of: $0) }, of: sequence)
        }
    }

    /// Adds runs to those of an entry.
    private mutating func begin(_ new: [RunProgress], of sequence: Int64) {
        for run in new {
            let position = runs[sequence, default: []].count
            runs[sequence, default: []].append(StoredRun(progress: run))
            openRuns.insert(RunKey(sequence: sequence, position: position))
        }
    }

    mutating func claim(_ request: ClaimRequest) -> [Claim] {
        for (target, count) in request.calls { call(count, waitingFor: target, at: request.now) }
        let obstacles = obstacles()
        let claimable = openRuns.compactMap { key -> Order? in
            guard let moment = obstacles.moment(of: key, run(key), video(of: key.sequence)),
                moment <= request.now
            else { return nil }
            return Order(expiresAt: expiry(of: key.sequence), run: key)
        }
        return claimable.sorted().prefix(max(request.limit, 0)).compactMap { order in
            change(order.run) { run in
                let until = request.leaseUntil
                guard let given = run.progress.claimable?.claim(at: request.now, leaseUntil: until)
                else { return }
                run.progress = given.run
                if let lost = given.lost { run.remember(lost) }
            }
            return claim(of: order.run)
        }
    }

    mutating func renew(_ claim: Claim, until moment: Timestamp) -> Claim? {
        guard let (key, held) = held(claim) else { return nil }
        change(key) { $0.progress = held.renewed(until: moment) }
        return claim.renewed(until: moment)
    }

    mutating func saveCheckpoint(_ claim: Claim, _ checkpoint: [UInt8]) -> Bool {
        guard let (key, _) = held(claim) else { return false }
        change(key) { $0.checkpoint = checkpoint }
        return true
    }

    mutating func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) -> SettleOutcome {
        guard let (key, held) = held(claim) else { return .fenced }
        let settled = held.settled(
            verdict,
            startedAt: startedAt,
            endedAt: endedAt,
            leaseUntil: leaseUntil
        )
        let all = runs[key.sequence, default: []].map(\.progress)
        begin(settled.run.followers(among: all), of: key.sequence)
        change(key) { run in
            run.progress = settled.run
            guard let attempt = settled.attempt else { return }
            run.remember(attempt)
            guard case .done(let note) = verdict else { return }
            run.finished[claim.stepIndex] = (attempt, note)
            run.checkpoint = nil
        }
        guard let next = self.claim(of: key) else { return .released }
        return .next(next)
    }

    mutating func advance(_ round: DispatchRound) -> RoundOutcome {
        var outcome = RoundOutcome()
        outcome.settled = round.settlements.map {
            settle(
                $0.claim,
                $0.verdict,
                startedAt: $0.startedAt,
                endedAt: $0.endedAt,
                leaseUntil: round.leaseUntil
            )
        }
        for planned in round.plans { plan(planned.entry.sequence, planned.plan) }
        if let request = round.claim(after: outcome.settled) { outcome.claims = claim(request) }
        return outcome
    }

    mutating func retryDead(_ sequence: Int64, at moment: Timestamp) -> Bool {
        let dead = deadRuns(of: sequence)
        for (key, letter) in dead { change(key) { $0.progress = letter.retried(at: moment) } }
        return !dead.isEmpty
    }

    mutating func discardDead(_ sequence: Int64, _ reason: Reason, at moment: Timestamp) -> Bool {
        let dead = deadRuns(of: sequence)
        for (key, letter) in dead {
            change(key) { $0.progress = letter.discarded(reason, at: moment) }
        }
        return !dead.isEmpty
    }

    func steps(of sequences: [Int64]) -> [Int64: [StepRecord]] {
        var answer: [Int64: [StepRecord]] = [:]
        for sequence in sequences {
            guard let runs = runs[sequence] else { continue }
            answer[sequence] = RunProgress.steps(of: runs.map { ($0.progress, $0.finished) })
        }
        return answer
    }

    func attempts(of sequence: Int64) -> [AttemptRecord] {
        runs[sequence, default: []].flatMap(\.history)
    }

    func attemptCount(of sequence: Int64) -> Int64 {
        runs[sequence, default: []].reduce(0) { $0 + Int64($1.attemptTotal) }
    }

    func outlook() -> JournalOutlook {
        let obstacles = obstacles()
        let moments = openRuns.compactMap { key in
            obstacles.moment(of: key, run(key), video(of: key.sequence))
        }
        return JournalOutlook(
            nextDueAt: moments.min(),
            openRunCount: Int64(openRuns.count),
            deadRunCount: deadRunCount
        )
    }
}

// Circuit breakers, and who waits behind them.
extension InMemoryJournal {
    mutating func record(_ breaker: BreakerRecord) {
        breakers[breaker.target] = breaker.kept(after: breakers[breaker.target]?.state)
        guard breaker.state == .closed else { return }
        for key in openRuns {
            guard let waiting = runs[key.sequence]?[key.position].progress.waiting,
                waiting.reason == Reason(BreakerRecord.waitingCode, breaker.target)
            else { continue }
            change(key) { $0.progress = waiting.released(at: breaker.changedAt) }
        }
    }
}

// How runs are found, ordered and changed.
extension InMemoryJournal {
    /// Has runs that wait for their turn at a target be due.
    private mutating func call(
        _ count: Int,
        waitingFor target: String,
        at moment: Timestamp
    ) {
        let reason = Reason(ClaimRequest.turnCode, target)
        let waiting = openRuns.compactMap { key -> Order? in
            guard let run = run(key), run.waiting?.reason == reason,
                run.dueAt.map({ $0 > moment }) ?? false
            else { return nil }
            return Order(expiresAt: expiry(of: key.sequence), run: key)
        }
        for order in waiting.sorted().prefix(count) {
            change(order.run) { run in
                guard let waiting = run.progress.waiting else { return }
                run.progress = waiting.released(at: moment)
            }
        }
    }

    /// Soonest to expire first, what does not expire last, then as they came and were planned.
    private struct Order: Comparable {
        let expiresAt: Timestamp?
        let run: RunKey

        static func < (left: Order, right: Order) -> Bool {
            if left.expiresAt != right.expiresAt {
                guard let leftMoment = left.expiresAt else { return false }
                guard let rightMoment = right.expiresAt else { return true }
                return leftMoment < rightMoment
            }
            return (left.run.sequence, left.run.position)
                < (right.run.sequence, right.run.position)
        }
    }

    /// What keeps the runs of a video back: its earliest open entry, and entries at work, by lane.
    ///
    /// A run in a lane stands before those of later events in the same lane, any other before all.
    private struct Obstacles {
        struct Lane: Hashable {
            let video: VideoKey
            let name: String?
        }

        var earliest: [Lane: Int64] = [:]
        var atWork: [Lane: (sequence: Int64, leaseUntil: Timestamp)] = [:]

        /// When a run can be claimed; nil while an earlier one of its video stands before it.
        func moment(of key: RunKey, _ run: RunProgress?, _ video: VideoKey?) -> Timestamp? {
            guard let run, let moment = run.claimableAt else { return nil }
            guard let video else { return moment }
            let lane = Lane(video: video, name: run.lane)
            let before = [lane, Lane(video: video, name: nil)].compactMap { earliest[$0] }
            if let first = before.min(), first < key.sequence { return nil }
            // A dead run that was retried while a later one is at work.
            if let working = atWork[lane], working.sequence != key.sequence {
                return max(moment, working.leaseUntil)
            }
            return moment
        }
    }

    private func obstacles() -> Obstacles {
        var obstacles = Obstacles()
        for key in openRuns {
            guard let video = video(of: key.sequence), let run = run(key) else { continue }
            let lane = Obstacles.Lane(video: video, name: run.lane)
            obstacles.earliest[lane] = min(obstacles.earliest[lane] ?? .max, key.sequence)
            guard run.state == .running, let leaseUntil = run.leaseUntil else { continue }
            let known = obstacles.atWork[lane]
            if known.map({ $0.leaseUntil < leaseUntil }) ?? true {
                obstacles.atWork[lane] = (key.sequence, leaseUntil)
            }
        }
        return obstacles
    }

    private func video(of sequence: Int64) -> VideoKey? {
        let draft = stored[Int(sequence) - 1].draft
        return draft.videoID.map { VideoKey(provider: draft.provider, id: $0) }
    }

    private func expiry(of sequence: Int64) -> Timestamp? {
        video(of: sequence).flatMap { jobs[$0]?.expiresAt }
    }

    private func run(_ key: RunKey) -> RunProgress? {
        runs[key.sequence]?[key.position].progress
    }

    func deadRuns(of sequence: Int64) -> [(RunKey, RunProgress.DeadLetter)] {
        runs[sequence, default: []].enumerated().compactMap { position, run in
            run.progress.deadLetter.map { (RunKey(sequence: sequence, position: position), $0) }
        }
    }

    /// The run of a claim that is still its owner's.
    private func held(_ claim: Claim) -> (RunKey, RunProgress.Held)? {
        let sequence = claim.entry.sequence
        for (position, run) in runs[sequence, default: []].enumerated() {
            guard let held = run.progress.held(by: claim) else { continue }
            return (RunKey(sequence: sequence, position: position), held)
        }
        return nil
    }

    /// The claim that a running run stands for.
    private func claim(of key: RunKey) -> Claim? {
        guard let run = runs[key.sequence]?[key.position], let entry = entry(key.sequence) else {
            return nil
        }
        return Claim(
            run.progress,
            of: entry,
            checkpoint: run.checkpoint,
            expiresAt: expiry(of: key.sequence)
        )
    }

    /// Changes a run and keeps what follows from it: its entry's state and the two tallies.
    private mutating func change(_ key: RunKey, _ body: (inout StoredRun) -> Void) {
        guard var run = runs[key.sequence]?[key.position] else { return }
        let wasDead = run.progress.state == .dead
        body(&run)
        runs[key.sequence]?[key.position] = run
        deadRunCount += (run.progress.state == .dead ? 1 : 0) - (wasDead ? 1 : 0)
        if run.progress.state.isOpen { openRuns.insert(key) } else { openRuns.remove(key) }
        let all = runs[key.sequence, default: []].map(\.progress)
        guard let standing = EventState.standing(of: all) else { return }
        let before = stored[Int(key.sequence) - 1].state
        precondition(
            before == standing.state || before.mayBecome(standing.state),
            "the life cycle of an event has no such move"
        )
        stored[Int(key.sequence) - 1].state = standing.state
        stored[Int(key.sequence) - 1].reason = standing.reason
    }
}
