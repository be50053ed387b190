package import ReelRuntime

/// What the dispatcher found for a pending event.
package enum EventPlan: Sendable, Hashable {
    case runs([RunPlan])
    case unhandled(Reason)
}

/// The right to work on one step of one run until the lease ends.
///
/// The token fences: it goes up with every claim, and whatever is reported under an older one is
/// refused, so an owner that was taken over cannot complete.
package struct Claim: Sendable, Hashable {
    package let entry: JournalEntry
    package let chain: String
    /// The step that its run began with, which tells the runs of a chain apart.
    package let firstStep: Int
    package let stepIndex: Int
    package let stepName: String
    /// Counts from 1, this one included.
    package let attempt: Int
    /// What an earlier attempt of this step left for the next.
    package let checkpoint: [UInt8]?
    package let token: Int64
    package let leaseUntil: Timestamp
    /// When the links of the event's video die, as far as it was known at the claim.
    package let expiresAt: Timestamp?

    package init(
        entry: JournalEntry,
        chain: String,
        firstStep: Int,
        stepIndex: Int,
        stepName: String,
        attempt: Int,
        checkpoint: [UInt8]?,
        token: Int64,
        leaseUntil: Timestamp,
        expiresAt: Timestamp? = nil
    ) {
        self.entry = entry
        self.chain = chain
        self.firstStep = firstStep
        self.stepIndex = stepIndex
        self.stepName = stepName
        self.attempt = attempt
        self.checkpoint = checkpoint
        self.token = token
        self.leaseUntil = leaseUntil
        self.expiresAt = expiresAt
    }
}

/// How an attempt of a step ended.
package enum StepVerdict: Sendable, Hashable {
    /// Recorded before the next step begins. `note` is kept for a reader.
    case done(note: String?)
    /// Due again at that moment; the attempt counts.
    case retry(at: Timestamp, Reason)
    /// Due again at that moment; the attempt does not count, since the fault is not the event's
    /// (our own disk is full, the provider is down, the service stops).
    case postpone(until: Timestamp, Reason)
    /// Due again at that moment; nothing was attempted, and the history is silent about it.
    case hold(until: Timestamp, Reason)
    /// Nothing more is tried: the run is a dead letter.
    case dead(Reason)
}

/// What follows from a verdict.
package enum SettleOutcome: Sendable, Hashable {
    /// The next step of the same run, under the same token, its lease renewed.
    case next(Claim)
    /// Every step is done, or the run waits or is dead: the claim is over.
    case released
    /// The lease was lost to another owner; nothing was changed.
    case fenced

    /// The claim of the next step, where there is one.
    package var next: Claim? {
        switch self {
        case .next(let claim): claim
        case .released, .fenced: nil
        }
    }
}

/// A step as a reader sees it.
package struct StepRecord: Sendable, Hashable {
    package let chain: String
    package let index: Int
    package let name: String
    package let state: RunState
    package let attempts: Int
    package let reason: Reason?
    package let note: String?
    /// When it is due again, while it waits.
    package let dueAt: Timestamp?
    package let finishedAt: Timestamp?

    package init(
        chain: String,
        index: Int,
        name: String,
        state: RunState,
        attempts: Int,
        reason: Reason?,
        note: String?,
        dueAt: Timestamp?,
        finishedAt: Timestamp?
    ) {
        self.chain = chain
        self.index = index
        self.name = name
        self.state = state
        self.attempts = attempts
        self.reason = reason
        self.note = note
        self.dueAt = dueAt
        self.finishedAt = finishedAt
    }
}

/// One attempt of one step, kept for the history of an event.
package struct AttemptRecord: Sendable, Hashable {
    package let chain: String
    package let stepIndex: Int
    package let stepName: String
    package let attempt: Int
    package let startedAt: Timestamp
    package let endedAt: Timestamp
    /// `done`, `retry`, `postpone`, `dead`, or `lost` when the lease was over before it was told.
    package let outcome: String
    package let reason: Reason?

    package init(
        chain: String,
        stepIndex: Int,
        stepName: String,
        attempt: Int,
        startedAt: Timestamp,
        endedAt: Timestamp,
        outcome: String,
        reason: Reason?
    ) {
        self.chain = chain
        self.stepIndex = stepIndex
        self.stepName = stepName
        self.attempt = attempt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.reason = reason
    }
}
