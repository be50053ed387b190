internal import ReelJournal
internal import ReelRuntime

// Several calls may be under way at once, and their answers are heard in any order. So each is
// measured by what was promised when it began: only what must have come before it counts.
extension Oracle {
    /// Calls about runs begin; unless they return, nobody knows whether they came about.
    func begin(_ keys: [RunKey]) -> Int {
        let call = nextCall()
        for key in keys { runs[key]?.doubts[call] = false }
        if !keys.isEmpty { calls[call] = keys }
        return call
    }

    /// The same for all runs of some entries.
    func begin(of sequences: [Int64]) -> Int {
        begin(runs.keys.filter { sequences.contains($0.sequence) })
    }

    func end(_ call: Int) {
        for key in calls.removeValue(forKey: call) ?? [] { runs[key]?.doubts[call] = nil }
    }

    func fail(_ call: Int) {
        for key in calls.removeValue(forKey: call) ?? [] where runs[key]?.doubts[call] != nil {
            runs[key]?.doubts[call] = true
        }
    }

    /// A process has died: nothing more comes of its calls, and its leases are over.
    func processEnded() {
        loseDepartures()
        calls = [:]
        acts = [:]
        for key in runs.keys {
            runs[key]?.leaseUntil = nil
            runs[key]?.leaseEnd = nil
            let doubts = runs[key]?.doubts ?? [:]
            runs[key]?.doubts = doubts.mapValues { _ in true }
        }
        successes = [:]
    }

    func claimed(
        _ claim: Claim,
        _ request: ClaimRequest,
        _ term: Term,
        _ all: [RunKey: Run]
    ) {
        let key = RunKey(claim)
        keepsPace("claims of \(key)")
        var run = runs[key] ?? Run(of: key, claim.entry.videoID?.rawValue)
        if let before = all[key] { check(claim, request, term, before, run) }
        checkOrder(of: key, run.video, all)
        // What a call left open that had failed before this one began is known now.
        for (call, isOver) in all[key]?.doubts ?? [:] where isOver { run.doubts[call] = nil }
        if claim.token > run.token {
            run.state = .open
            run.doneCount = max(run.doneCount, claim.stepIndex)
            run.token = claim.token
            run.endedAt = nil
            run.lease(until: request.leaseUntil, term)
            departures.entries.remove(key.sequence)
            // What an owner did that was taken over is done again.
            successes[key] = nil
        }
        runs[key] = run
        whenReached?(.claimed)
    }

    private func check(
        _ claim: Claim,
        _ request: ClaimRequest,
        _ term: Term,
        _ before: Run,
        _ now: Run
    ) {
        let key = RunKey(claim)
        if before.isSure, before.state != .open, now.isSure, now.state != .open {
            violation("\(key) is claimed and is \(before.state)")
        }
        expect(
            claim.stepIndex >= before.doneCount,
            "\(key) is claimed at step \(claim.stepIndex) and has done \(before.doneCount)"
        )
        expect(
            claim.stepIndex <= now.doneCount || !now.isSure,
            "\(key) is claimed at step \(claim.stepIndex) and has done \(now.doneCount) only"
        )
        expect(claim.token > before.token, "\(key) is claimed under an old token")
        if let lease = before.leaseUntil, before.isSure, now.isSure, now.token == before.token,
            now.leaseUntil != nil
        {
            expect(lease <= request.now, "\(key) is claimed while its lease goes on")
            // Whatever the clock on the wall says: its owner had that long to renew it.
            expect(
                before.leaseEnd ?? 0 <= term.begin,
                "\(key) is claimed before its lease is over"
            )
        }
    }

    /// A video's events run one after the other; whom one tells at its end holds up who is told of
    /// another at the most.
    private func checkOrder(of key: RunKey, _ video: String?, _ all: [RunKey: Run]) {
        guard let video else { return }
        for (other, run) in all
        where run.video == video && other.sequence < key.sequence && run.state == .open
            && run.isSure && (lane(of: other) == nil || lane(of: other) == lane(of: key))
        {
            guard let now = runs[other], now.state == .open, now.isSure else { continue }
            violation("\(key) is claimed before \(other) of the same video has ended")
        }
    }

    /// A claim failed: what it took may be under a lease that nobody knows of.
    func lostClaims(_ before: [RunKey: Run]) {
        let call = nextCall()
        for key in before.keys where runs[key]?.state == .open { runs[key]?.doubts[call] = true }
    }

    func renewed(
        _ claims: [Claim],
        _ until: Timestamp,
        _ term: Term,
        _ all: [RunKey: Run]
    ) {
        for claim in claims {
            let key = RunKey(claim)
            expect(claim.token >= all[key]?.token ?? 0, "\(key) is renewed under an old token")
            if runs[key]?.token == claim.token, runs[key]?.leaseUntil != nil {
                runs[key]?.lease(until: until, term)
                extend(key, claim.token)
            }
        }
    }

    func settled(
        _ claim: Claim,
        _ verdict: StepVerdict,
        _ outcome: SettleOutcome,
        at endedAt: Timestamp,
        _ term: Term,
        _ before: Run?
    ) {
        let key = RunKey(claim)
        // An owner that stood still hears late, when another's attempt of the same number may have
        // succeeded.
        let isLate = claim.token < runs[key]?.token ?? 0
        let isSuccess =
            !isLate && successes[key]?.remove(Self.attempt(claim.stepName, claim.attempt)) != nil
        if case .fenced = outcome { return }
        var run = runs[key] ?? Run(of: key, claim.entry.videoID?.rawValue)
        expect(
            claim.token >= before?.token ?? 0,
            "\(key) is settled under token \(claim.token), and \(before?.token ?? 0) was given"
        )
        if case .done = verdict {
            expect(
                claim.stepIndex >= before?.doneCount ?? 0,
                "\(key) has step \(claim.stepIndex) done again"
            )
            run.doneCount = max(run.doneCount, claim.stepIndex + 1)
        } else {
            expect(!isSuccess, "\(key) step \(claim.stepName) succeeded and is tried again")
        }
        if claim.token >= run.token {
            run.follow(verdict, outcome, term, claim.token)
            if run.state != .open { run.endedAt = endedAt }
        }
        runs[key] = run
        whenReached?(.settled)
    }

    /// A checkpoint was taken: its owner had not been taken over when he gave it.
    func savedCheckpoint(_ claim: Claim, _ before: Run?) {
        expect(
            claim.token >= before?.token ?? 0,
            "\(RunKey(claim)) has a checkpoint under an old token"
        )
    }

    func retried(_ sequences: [Int64]) {
        doubtUnheard(of: sequences)
        departures.entries.subtract(sequences)
        for (key, run) in runs where sequences.contains(key.sequence) && run.state == .dead {
            runs[key]?.state = .open
            runs[key]?.reason = nil
            runs[key]?.endedAt = nil
            whenReached?(.revived)
        }
    }

    func discarded(_ sequences: [Int64], at moment: Timestamp) {
        doubtUnheard(of: sequences)
        departures.entries.subtract(sequences)
        for (key, run) in runs where sequences.contains(key.sequence) && run.state == .dead {
            runs[key]?.state = .discarded
            runs[key]?.endedAt = moment
        }
    }

    /// Doubts runs that an operator may have found dead before it was heard that they were.
    ///
    /// What is heard later is what was; a verdict that is no death takes the doubt away.
    private func doubtUnheard(of sequences: [Int64]) {
        for (key, run) in runs
        where sequences.contains(key.sequence) && run.state == .open && !run.isSure {
            let call = nextCall()
            runs[key]?.doubts[call] = true
            runs[key]?.unheard.insert(call)
        }
    }
}

extension Oracle.RunKey {
    init(_ claim: Claim) {
        self.init(
            sequence: claim.entry.sequence,
            chain: claim.chain,
            firstStep: claim.firstStep
        )
    }
}

extension Oracle.Run {
    /// The operator's calls were about others.
    private mutating func hear() {
        for call in unheard { doubts[call] = nil }
        unheard = []
    }

    /// Moves on with a verdict that was taken.
    fileprivate mutating func follow(
        _ verdict: StepVerdict,
        _ outcome: SettleOutcome,
        _ term: Oracle.Term,
        _ oldToken: Int64
    ) {
        token = max(token, oldToken)
        if case .dead = verdict {} else { hear() }
        switch (outcome, verdict) {
        case (.next(let next), _):
            lease(until: next.leaseUntil, term)
            token = next.token
        case (.released, .done):
            state = .done
            (leaseUntil, leaseEnd) = (nil, nil)
        case (.released, .dead(let why)):
            state = .dead
            reason = why
            (leaseUntil, leaseEnd) = (nil, nil)
        case (.released, .retry), (.released, .postpone), (.released, .hold):
            (leaseUntil, leaseEnd) = (nil, nil)
        case (.fenced, _): break
        }
    }
}
