package import ReelRuntime

/// What a dispatcher tells the journal and asks of it in one transaction.
///
/// The verdicts are recorded first, then the plans, then runs are claimed: a run that became free
/// by a verdict of the round can be claimed in it.
package struct DispatchRound: Sendable {
    /// How an attempt ended, and under which claim.
    package struct Settlement: Sendable, Hashable {
        package let claim: Claim
        package let verdict: StepVerdict
        package let startedAt: Timestamp
        package let endedAt: Timestamp

        package init(
            claim: Claim,
            verdict: StepVerdict,
            startedAt: Timestamp,
            endedAt: Timestamp
        ) {
            self.claim = claim
            self.verdict = verdict
            self.startedAt = startedAt
            self.endedAt = endedAt
        }
    }

    /// A pending entry as it was read, and what is to be done about it.
    package struct Planned: Sendable, Hashable {
        package let entry: JournalEntry
        package let plan: EventPlan

        package init(entry: JournalEntry, plan: EventPlan) {
            self.entry = entry
            self.plan = plan
        }
    }

    package var settlements: [Settlement] = []
    package var plans: [Planned] = []
    /// Nil claims nothing; each settlement that ends its claim adds one to the limit.
    package var claim: ClaimRequest?
    /// Until when the next steps of runs that go on are leased.
    package let leaseUntil: Timestamp

    package init(leaseUntil: Timestamp) {
        self.leaseUntil = leaseUntil
    }

    package var isEmpty: Bool { settlements.isEmpty && plans.isEmpty && claim == nil }

    /// The claim request with the slots that the settlements have freed.
    package func claim(after settled: [SettleOutcome]) -> ClaimRequest? {
        guard let claim else { return nil }
        let freed = settled.count {
            switch $0 {
            case .released, .fenced: true
            case .next: false
            }
        }
        return ClaimRequest(
            owner: claim.owner,
            now: claim.now,
            leaseUntil: claim.leaseUntil,
            limit: max(claim.limit, 0) + freed,
            calls: claim.calls
        )
    }
}

/// What came of a round.
package struct RoundOutcome: Sendable, Hashable {
    /// In the order of the settlements.
    package var settled: [SettleOutcome] = []
    package var claims: [Claim] = []

    package init() {}
}
