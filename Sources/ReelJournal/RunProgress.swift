package import ReelRuntime

/// Where a run stands, and its moves: the life cycle of `RunState` as drivers share it.
///
/// It neither stores nor orders: a driver reads one, makes a move, and writes it back together with
/// the attempt that the move gives. A move is a method of the standing that it begins from
/// (`Claimable`, `Held`, `DeadLetter`), and a run hands out only the standing that it has, so that
/// a move which the table does not have cannot be written.
package struct RunProgress: Sendable, Hashable {
    package let plan: RunPlan
    package private(set) var state: RunState
    package private(set) var stepIndex: Int
    /// Of the present step.
    package private(set) var attempts: Int
    package private(set) var token: Int64
    package private(set) var reason: Reason?
    /// When it is due again, while it waits.
    package private(set) var dueAt: Timestamp?
    /// When the present attempt was claimed and when its lease ends, while it runs.
    package private(set) var claimedAt: Timestamp?
    package private(set) var leaseUntil: Timestamp?
    /// When it came to its end.
    package private(set) var endedAt: Timestamp?

    /// The newest attempts of a run that its history keeps; those that ended as done are kept all.
    package static let historyCountMax = 200

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

    /// A run that begins, with the first step of one of the plan's lines; or one of which nothing
    /// but its state and step is asked.
    package init(plan: RunPlan, state: RunState = .pending, from step: Int = 0) {
        self.init(
            plan: plan,
            state: state,
            stepIndex: step,
            attempts: 0,
            token: 0,
            reason: nil,
            dueAt: nil,
            claimedAt: nil,
            leaseUntil: nil,
            endedAt: nil
        )
    }

    /// The steps that it goes through.
    package var line: Range<Int> { plan.line(of: stepIndex) }

    /// What orders it among the runs of other events of its video; nil for all of them.
    package var lane: String? { plan.lane(of: stepIndex) }

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

    // MARK: Moves

    /// A run that somebody may be given: it is pending, it waits, or its lease can be taken over.
    package struct Claimable: Sendable {
        fileprivate var run: RunProgress

        /// Gives it to an owner.
        ///
        /// - Returns: The run at work, and the attempt whose owner never said how it ended, if
        ///   there was one.
        package func claim(
            at moment: Timestamp,
            leaseUntil: Timestamp
        ) -> (run: RunProgress, lost: AttemptRecord?) {
            var next = run
            let start = run.claimedAt ?? moment
            let lost =
                run.state == .running
                ? run.attempt("lost", Reason("lease_over"), from: start, to: moment) : nil
            next.state = .running
            next.attempts += 1
            next.token += 1
            next.dueAt = nil
            next.claimedAt = moment
            next.leaseUntil = leaseUntil
            return (next, lost)
        }
    }

    /// A run at work, in the hands of the owner of its claim.
    package struct Held: Sendable {
        fileprivate var run: RunProgress

        /// The same until another moment.
        package func renewed(until moment: Timestamp) -> RunProgress {
            var next = run
            next.leaseUntil = moment
            return next
        }

        /// Takes how its present attempt ended; after `.done` the next step has begun, unless that
        /// was the last.
        ///
        /// - Returns: The run as it goes on, and the attempt for the history, if one was made.
        package func settled(
            _ verdict: StepVerdict,
            startedAt: Timestamp,
            endedAt: Timestamp,
            leaseUntil: Timestamp
        ) -> (run: RunProgress, attempt: AttemptRecord?) {
            var next = run
            let outcome: String?
            let reason: Reason?
            switch verdict {
            case .done:
                (outcome, reason) = ("done", nil)
                next.finishStep(at: endedAt, leaseUntil: leaseUntil)
            case .retry(let moment, let why):
                (outcome, reason) = ("retry", why)
                next.wait(until: moment, why)
            case .postpone(let moment, let why):
                (outcome, reason) = ("postpone", why)
                next.attempts -= 1
                next.wait(until: moment, why)
            case .hold(let moment, let why):
                (outcome, reason) = (nil, why)
                next.attempts -= 1
                next.wait(until: moment, why)
            case .dead(let why):
                (outcome, reason) = ("dead", why)
                next.end(.dead, why, at: endedAt)
            }
            return (next, outcome.map { run.attempt($0, reason, from: startedAt, to: endedAt) })
        }
    }

    /// A run that waits for a moment.
    package struct Waiting: Sendable {
        fileprivate var run: RunProgress

        package var reason: Reason? { run.reason }

        /// Due at a moment, unless it is due before.
        package func released(at moment: Timestamp) -> RunProgress {
            var next = run
            next.dueAt = min(run.dueAt ?? moment, moment)
            return next
        }
    }

    /// A run that gave up, in the hands of an operator.
    package struct DeadLetter: Sendable {
        fileprivate var run: RunProgress

        /// Due again, its attempts counted anew.
        package func retried(at moment: Timestamp) -> RunProgress {
            var next = run
            next.state = .waiting
            next.attempts = 0
            next.dueAt = moment
            next.endedAt = nil
            return next
        }

        /// Set aside for good.
        package func discarded(_ reason: Reason, at moment: Timestamp) -> RunProgress {
            var next = run
            next.end(.discarded, reason, at: moment)
            return next
        }
    }

    /// The run as one that can be claimed; nil once it ended.
    package var claimable: Claimable? { state.isOpen ? Claimable(run: self) : nil }

    /// The run as one that waits; nil unless it does.
    package var waiting: Waiting? { state == .waiting ? Waiting(run: self) : nil }

    /// The run as its owner has it; nil for whoever lost it, or never had it.
    package func held(by claim: Claim) -> Held? {
        let isHeld =
            state == .running && token == claim.token && stepIndex == claim.stepIndex
            && plan.chain == claim.chain
        return isHeld ? Held(run: self) : nil
    }

    /// The run as it is held under a token at a step, or what came after; nil before that.
    package func held(from token: Int64, step: Int) -> Held? {
        let isBeyond = (self.token, stepIndex) >= (token, step)
        return state == .running && isBeyond ? Held(run: self) : nil
    }

    /// The run as a dead letter; nil unless it is one.
    package var deadLetter: DeadLetter? { state == .dead ? DeadLetter(run: self) : nil }

    private mutating func finishStep(at moment: Timestamp, leaseUntil: Timestamp) {
        guard stepIndex + 1 < line.upperBound else { return end(.done, nil, at: moment) }
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
