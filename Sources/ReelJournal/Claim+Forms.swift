package import ReelRuntime

extension Claim {
    /// The right that a running run stands for; nil when it does not run.
    package init?(
        _ run: RunProgress,
        of entry: JournalEntry,
        checkpoint: [UInt8]?,
        expiresAt: Timestamp?
    ) {
        guard run.state == .running, let leaseUntil = run.leaseUntil else { return nil }
        self.init(
            entry: entry,
            chain: run.plan.chain,
            firstStep: run.line.lowerBound,
            stepIndex: run.stepIndex,
            stepName: run.stepName,
            attempt: run.attempts,
            checkpoint: checkpoint,
            token: run.token,
            leaseUntil: leaseUntil,
            expiresAt: expiresAt
        )
    }

    /// The same right until another moment.
    package func renewed(until moment: Timestamp) -> Claim {
        Claim(
            entry: entry,
            chain: chain,
            firstStep: firstStep,
            stepIndex: stepIndex,
            stepName: stepName,
            attempt: attempt,
            checkpoint: checkpoint,
            token: token,
            leaseUntil: moment,
            expiresAt: expiresAt
        )
    }
}
