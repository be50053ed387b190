internal import ReelRuntime

/// A run in memory: where it stands, and what became of its steps so far.
struct StoredRun {
    struct FinishedStep {
        let attempts: Int
        let note: String?
        let finishedAt: Timestamp
    }

    let sequence: Int64
    let plan: RunPlan
    var state: RunState = .pending
    var stepIndex = 0
    /// Of the present step.
    var attempts = 0
    var checkpoint: [UInt8]?
    var reason: Reason?
    /// When it is due again, while it waits.
    var dueAt: Timestamp?
    var token: Int64 = 0
    /// When the present attempt was claimed and its lease ends, while it runs.
    var claimedAt: Timestamp?
    var leaseUntil: Timestamp?
    var endedAt: Timestamp?
    var finished: [FinishedStep] = []
    var history: [AttemptRecord] = []

    init(sequence: Int64, plan: RunPlan) {
        self.sequence = sequence
        self.plan = plan
    }

    var stepName: String { plan.steps[stepIndex] }

    /// The moment from which it can be claimed, if nothing stands before it; nil once it ended.
    var claimableAt: Timestamp? {
        switch state {
        case .pending: Timestamp(millisecondsSinceEpoch: 0)
        case .waiting: dueAt
        case .running: leaseUntil
        case .done, .dead, .discarded: nil
        }
    }

    mutating func remember(
        _ outcome: String,
        _ reason: Reason?,
        from startedAt: Timestamp,
        to endedAt: Timestamp
    ) {
        history.append(
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
        )
    }

    var steps: [StepRecord] {
        plan.steps.indices.map { index in
            if index < finished.count {
                let step = finished[index]
                return record(index, .done, step.attempts, note: step.note, at: step.finishedAt)
            }
            guard index == stepIndex else { return record(index, .pending, 0) }
            return StepRecord(
                chain: plan.chain,
                index: index,
                name: plan.steps[index],
                state: state,
                attempts: attempts,
                reason: reason,
                note: nil,
                dueAt: state == .waiting ? dueAt : nil,
                finishedAt: endedAt
            )
        }
    }

    private func record(
        _ index: Int,
        _ state: RunState,
        _ attempts: Int,
        note: String? = nil,
        at finishedAt: Timestamp? = nil
    ) -> StepRecord {
        StepRecord(
            chain: plan.chain,
            index: index,
            name: plan.steps[index],
            state: state,
            attempts: attempts,
            reason: nil,
            note: note,
            dueAt: nil,
            finishedAt: finishedAt
        )
    }
}
