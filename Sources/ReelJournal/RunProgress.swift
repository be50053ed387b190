package import ReelRuntime

/// Where a run stands, and its moves: the life cycle of `RunState` as drivers share it.
///
/// It neither stores nor orders: a driver reads one, makes a move, and writes it back together with
/// the attempt that the move gives.
package struct RunProgress: Sendable, Hashable {
    package let plan: RunPlan
    package var state: RunState
    package var stepIndex: Int
    /// Of the present step.
    package var attempts: Int
    package var token: Int64
    package var reason: Reason?
    /// When it is due again, while it waits.
    package var dueAt: Timestamp?
    /// When the present attempt was claimed and when its lease ends, while it runs.
    package var claimedAt: Timestamp?
    package var leaseUntil: Timestamp?
    /// When it came to its end.
    package var endedAt: Timestamp?

    /// A run as it was stored.
    package init(
        plan: RunPlan,
        state: RunState,
        stepIndex: Int,
        attempts: Int,
        token: Int64,
        reason: Reason?,
        dueAt: Timestamp?,
        claimedAt: Timestamp?,
        leaseUntil: Timestamp?,
        endedAt: Timestamp?
    ) {
        self.plan = plan
        self.state = state
        self.stepIndex = stepIndex
        self.attempts = attempts
        self.token = token
        self.reason = reason
        self.dueAt = dueAt
        self.claimedAt = claimedAt
        self.leaseUntil = leaseUntil
        self.endedAt = endedAt
    }

    /// A run that begins.
    package init(plan: RunPlan) {
        self.init(
            plan: plan,
            state: .pending,
            stepIndex: 0,
            attempts: 0,
            token: 0,
            reason: nil,
            dueAt: nil,
            claimedAt: nil,
            leaseUntil: nil,
            endedAt: nil
        )
    }

    package var stepName: String {
        plan.steps.indices.contains(stepIndex) ? plan.steps[stepIndex] : ""
    }

    /// The moment from which it can be claimed, if nothing stands before it: the epoch for one that
    /// has not begun, nil once it ended.
    package var claimableAt: Timestamp? {
        switch state {
        case .pending: Timestamp(millisecondsSinceEpoch: 0)
        case .waiting: dueAt
        case .running: leaseUntil
        case .done, .dead, .discarded: nil
        }
    }

    /// Whether the claim is the one that it runs under.
    package func isHeld(by claim: Claim) -> Bool {
        state == .running && token == claim.token && stepIndex == claim.stepIndex
            && plan.chain == claim.chain
    }

    /// Gives it to an owner.
    ///
    /// - Returns: The attempt whose owner never said how it ended, if there was one.
    package mutating func claim(
        at moment: Timestamp,
        leaseUntil: Timestamp
    ) -> AttemptRecord? {
        let lost =
            state == .running
            ? attempt("lost", Reason("lease_over"), from: claimedAt ?? moment, to: moment) : nil
        state = .running
        attempts += 1
        token += 1
        dueAt = nil
        claimedAt = moment
        self.leaseUntil = leaseUntil
        return lost
    }

    /// Takes how its present attempt ended; after `.done` the next step has begun, unless that was
    /// the last.
    ///
    /// - Returns: The attempt for the history.
    package mutating func settle(
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) -> AttemptRecord {
        switch verdict {
        case .done:
            let record = attempt("done", nil, from: startedAt, to: endedAt)
            finishStep(at: endedAt, leaseUntil: leaseUntil)
            return record
        case .retry(let moment, let reason):
            let record = attempt("retry", reason, from: startedAt, to: endedAt)
            wait(until: moment, reason)
            return record
        case .postpone(let moment, let reason):
            let record = attempt("postpone", reason, from: startedAt, to: endedAt)
            attempts -= 1
            wait(until: moment, reason)
            return record
        case .dead(let reason):
            let record = attempt("dead", reason, from: startedAt, to: endedAt)
            end(.dead, reason, at: endedAt)
            return record
        }
    }

    /// Makes a dead run due again, its attempts counted anew.
    package mutating func retry(at moment: Timestamp) {
        state = .waiting
        attempts = 0
        dueAt = moment
        endedAt = nil
    }

    /// Sets a dead run aside for good.
    package mutating func discard(_ reason: Reason, at moment: Timestamp) {
        end(.discarded, reason, at: moment)
    }

    /// The steps as a reader sees them.
    ///
    /// - Parameter finished: The attempts that ended as done, and their notes, by step.
    /// - Returns: All steps of the plan in order.
    package func steps(
        finished: [Int: (attempt: AttemptRecord, note: String?)]
    ) -> [StepRecord] {
        plan.steps.indices.map { index in
            let past = index < stepIndex || state == .done ? finished[index] : nil
            let isPresent = index == stepIndex && state != .done
            return StepRecord(
                chain: plan.chain,
                index: index,
                name: plan.steps[index],
                state: isPresent ? state : index < stepIndex || state == .done ? .done : .pending,
                attempts: isPresent ? attempts : past?.attempt.attempt ?? 0,
                reason: isPresent ? reason : nil,
                note: past?.note,
                dueAt: isPresent && state == .waiting ? dueAt : nil,
                finishedAt: isPresent ? endedAt : past?.attempt.endedAt
            )
        }
    }

    private mutating func finishStep(at moment: Timestamp, leaseUntil: Timestamp) {
        guard stepIndex + 1 < plan.steps.count else { return end(.done, nil, at: moment) }
        stepIndex += 1
        attempts = 1
        reason = nil
        claimedAt = moment
        self.leaseUntil = leaseUntil
    }

    private mutating func wait(until moment: Timestamp, _ reason: Reason) {
        state = .waiting
        dueAt = moment
        leaseUntil = nil
        claimedAt = nil
        self.reason = reason
    }

    private mutating func end(_ state: RunState, _ reason: Reason?, at moment: Timestamp) {
        self.state = state
        self.reason = reason
        dueAt = nil
        leaseUntil = nil
        claimedAt = nil
        endedAt = moment
    }

    private func attempt(
        _ outcome: String,
        _ reason: Reason?,
        from startedAt: Timestamp,
        to endedAt: Timestamp
    ) -> AttemptRecord {
        AttemptRecord(
            chain: plan.chain,
            stepIndex: stepIndex,
            stepName: stepName,
            attempt: attempts,
            startedAt: startedAt,
            endedAt: endedAt,
            outcome: outcome,
            reason: reason
        )
    }
}

extension EventState {
    /// Where an event stands by its runs, and the reason of the first run that put it there; nil
    /// without runs.
    package static func standing(of runs: [RunProgress]) -> (state: EventState, reason: Reason?)? {
        guard let state = EventState(runs: runs.map(\.state)) else { return nil }
        switch state {
        case .waiting: return (state, runs.first { $0.state == .waiting }?.reason)
        case .dead: return (state, runs.first { $0.state == .dead }?.reason)
        case .discarded: return (state, runs.first { $0.state == .discarded }?.reason)
        case .pending, .running, .done, .unhandled, .duplicate, .contradicted: return (state, nil)
        }
    }
}
