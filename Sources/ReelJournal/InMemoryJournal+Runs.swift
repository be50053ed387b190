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
            runs[sequence] = plans.map { StoredRun(sequence: sequence, plan: $0) }
            for plan in plans { openRuns.insert(RunKey(sequence: sequence, chain: plan.chain)) }
        }
    }

    mutating func claim(_ request: ClaimRequest) -> [Claim] {
        let obstacles = obstacles()
        let claimable = openRuns.compactMap { key -> (order: Order, key: RunKey)? in
            guard let moment = obstacles.moment(of: key, run(key), video(of: key.sequence)),
                moment <= request.now
            else { return nil }
            return (Order(expiresAt: expiry(of: key.sequence), run: key), key)
        }
        let chosen = claimable.sorted { $0.order < $1.order }.prefix(max(request.limit, 0))
        return chosen.compactMap { claim($0.key, request) }
    }

    private mutating func claim(_ key: RunKey, _ request: ClaimRequest) -> Claim? {
        change(key) { run in
            if run.state == .running, let claimedAt = run.claimedAt {
                // The owner before never said how it ended.
                run.remember("lost", Reason("lease_over"), from: claimedAt, to: request.now)
            }
            run.state = .running
            run.attempts += 1
            run.token += 1
            run.dueAt = nil
            run.claimedAt = request.now
            run.leaseUntil = request.leaseUntil
        }
        return claim(of: key)
    }

    mutating func renew(_ claim: Claim, until moment: Timestamp) -> Claim? {
        guard let key = owned(claim) else { return nil }
        change(key) { $0.leaseUntil = moment }
        return self.claim(of: key)
    }

    mutating func saveCheckpoint(_ claim: Claim, _ checkpoint: [UInt8]) -> Bool {
        guard let key = owned(claim) else { return false }
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
        guard let key = owned(claim) else { return .fenced }
        change(key) { run in
            switch verdict {
            case .done(let note):
                run.remember("done", nil, from: startedAt, to: endedAt)
                run.finish(note: note, at: endedAt, leaseUntil: leaseUntil)
            case .retry(let moment, let reason):
                run.remember("retry", reason, from: startedAt, to: endedAt)
                run.wait(until: moment, reason)
            case .postpone(let moment, let reason):
                run.remember("postpone", reason, from: startedAt, to: endedAt)
                run.attempts -= 1
                run.wait(until: moment, reason)
            case .dead(let reason):
                run.remember("dead", reason, from: startedAt, to: endedAt)
                run.end(.dead, reason, at: endedAt)
            }
        }
        guard let next = self.claim(of: key) else { return .released }
        return .next(next)
    }

    mutating func retryDead(_ sequence: Int64, at moment: Timestamp) -> Bool {
        let keys = deadRuns(of: sequence)
        for key in keys {
            change(key) { run in
                run.state = .waiting
                run.attempts = 0
                run.dueAt = moment
                run.endedAt = nil
            }
        }
        return !keys.isEmpty
    }

    mutating func discardDead(_ sequence: Int64, _ reason: Reason, at moment: Timestamp) -> Bool {
        let keys = deadRuns(of: sequence)
        for key in keys { change(key) { $0.end(.discarded, reason, at: moment) } }
        return !keys.isEmpty
    }

    func steps(of sequences: [Int64]) -> [Int64: [StepRecord]] {
        var answer: [Int64: [StepRecord]] = [:]
        for sequence in sequences {
            if let runs = runs[sequence] { answer[sequence] = runs.flatMap(\.steps) }
        }
        return answer
    }

    func attempts(of sequence: Int64) -> [AttemptRecord] {
        runs[sequence, default: []].flatMap(\.history)
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

extension StoredRun {
    fileprivate mutating func finish(
        note: String?,
        at moment: Timestamp,
        leaseUntil: Timestamp
    ) {
        finished.append(FinishedStep(attempts: attempts, note: note, finishedAt: moment))
        checkpoint = nil
        reason = nil
        guard stepIndex + 1 < plan.steps.count else { return end(.done, nil, at: moment) }
        stepIndex += 1
        attempts = 1
        claimedAt = moment
        self.leaseUntil = leaseUntil
    }

    fileprivate mutating func wait(until moment: Timestamp, _ reason: Reason) {
        state = .waiting
        dueAt = moment
        leaseUntil = nil
        claimedAt = nil
        self.reason = reason
    }

    fileprivate mutating func end(_ state: RunState, _ reason: Reason?, at moment: Timestamp) {
        self.state = state
        self.reason = reason
        dueAt = nil
        leaseUntil = nil
        claimedAt = nil
        endedAt = moment
    }
}

// How runs are found, ordered and changed.
extension InMemoryJournal {
    /// Soonest to expire first, what does not expire last, then as they came.
    private struct Order: Comparable {
        let expiresAt: Timestamp?
        let run: RunKey

        static func < (left: Order, right: Order) -> Bool {
            if left.expiresAt != right.expiresAt {
                guard let leftMoment = left.expiresAt else { return false }
                guard let rightMoment = right.expiresAt else { return true }
                return leftMoment < rightMoment
            }
            return (left.run.sequence, left.run.chain) < (right.run.sequence, right.run.chain)
        }
    }

    /// What keeps the runs of a video back: its earliest open entry, and entries at work.
    private struct Obstacles {
        var earliest: [VideoKey: Int64] = [:]
        var atWork: [VideoKey: (sequence: Int64, leaseUntil: Timestamp)] = [:]

        /// When a run can be claimed; nil while an earlier one of its video is open.
        func moment(of key: RunKey, _ run: StoredRun?, _ video: VideoKey?) -> Timestamp? {
            guard let moment = run?.claimableAt else { return nil }
            guard let video else { return moment }
            if let first = earliest[video], first < key.sequence { return nil }
            // A dead run that was retried while a later one of the video is at work.
            if let working = atWork[video], working.sequence != key.sequence {
                return max(moment, working.leaseUntil)
            }
            return moment
        }
    }

    private func obstacles() -> Obstacles {
        var obstacles = Obstacles()
        for key in openRuns {
            guard let video = video(of: key.sequence), let run = run(key) else { continue }
            obstacles.earliest[video] = min(obstacles.earliest[video] ?? .max, key.sequence)
            guard run.state == .running, let leaseUntil = run.leaseUntil else { continue }
            let known = obstacles.atWork[video]
            if known == nil || known.map({ $0.leaseUntil < leaseUntil }) == true {
                obstacles.atWork[video] = (key.sequence, leaseUntil)
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

    private func run(_ key: RunKey) -> StoredRun? {
        runs[key.sequence]?.first { $0.plan.chain == key.chain }
    }

    private func deadRuns(of sequence: Int64) -> [RunKey] {
        runs[sequence, default: []].filter { $0.state == .dead }
            .map { RunKey(sequence: sequence, chain: $0.plan.chain) }
    }

    /// The run of a claim that is still its owner's.
    private func owned(_ claim: Claim) -> RunKey? {
        let key = RunKey(sequence: claim.entry.sequence, chain: claim.chain)
        guard let run = run(key), run.state == .running, run.token == claim.token,
            run.stepIndex == claim.stepIndex
        else { return nil }
        return key
    }

    /// The claim that a running run stands for.
    private func claim(of key: RunKey) -> Claim? {
        guard let run = run(key), run.state == .running, let leaseUntil = run.leaseUntil,
            let entry = entry(key.sequence)
        else { return nil }
        return Claim(
            entry: entry,
            chain: key.chain,
            stepIndex: run.stepIndex,
            stepName: run.stepName,
            attempt: run.attempts,
            checkpoint: run.checkpoint,
            token: run.token,
            leaseUntil: leaseUntil
        )
    }

    /// Changes a run and keeps what follows from it: its entry's state and the two tallies.
    private mutating func change(_ key: RunKey, _ body: (inout StoredRun) -> Void) {
        guard let index = runs[key.sequence]?.firstIndex(where: { $0.plan.chain == key.chain }),
            var run = runs[key.sequence]?[index]
        else { return }
        let wasDead = run.state == .dead
        body(&run)
        runs[key.sequence]?[index] = run
        deadRunCount += (run.state == .dead ? 1 : 0) - (wasDead ? 1 : 0)
        if run.state.isOpen { openRuns.insert(key) } else { openRuns.remove(key) }
        let all = runs[key.sequence, default: []]
        guard let state = EventState(runs: all.map(\.state)) else { return }
        stored[Int(key.sequence) - 1].state = state
        stored[Int(key.sequence) - 1].reason = state.reason(among: all)
    }
}

extension EventState {
    /// The reason of the first run that put the event where it is.
    fileprivate func reason(among runs: [StoredRun]) -> Reason? {
        switch self {
        case .waiting: runs.first { $0.state == .waiting }?.reason
        case .dead: runs.first { $0.state == .dead }?.reason
        case .discarded: runs.first { $0.state == .discarded }?.reason
        case .pending, .running, .done, .unhandled, .duplicate, .contradicted: nil
        }
    }
}
