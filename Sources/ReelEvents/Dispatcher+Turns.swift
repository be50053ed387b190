internal import ReelJournal
internal import ReelRuntime

extension Dispatcher {
    /// How many that wait for a turn come to look for one by themselves in one interval, before
    /// their moments are spread over more, and over how many at the most.
    private static let waitingPerInterval = 100
    private static let spreadMax = 20

    /// Takes a turn at a step's target.
    ///
    /// - Returns: The verdict on a claim that has to wait for one; nothing was attempted.
    func turn(for claim: Claim, _ step: Step, at target: String?) -> StepVerdict? {
        guard let target else { return nil }
        let now = time.now()
        let isPressing = isPressing(claim, step, now)
        switch turns.withLock({ $0.take(target, isPressing: isPressing) }) {
        case .pass: return nil
        case .wait(let count):
            // It is called before that, unless whoever would call it is gone.
            let spread = min(max(count / Self.waitingPerInterval, 1), Self.spreadMax)
            let wait = configuration.breakers.probeInterval * spread
            let until = now + wait * (0.5 + random.unit() / 2)
            return .hold(
                until: beforeExpiry(until, step, claim.expiresAt, now),
                Reason(ClaimRequest.turnCode, target)
            )
        }
    }

    /// Gives the turn of an attempt that is over to the next.
    func giveBackTurn(at target: String?) {
        guard let target else { return }
        turns.withLock { $0.giveBack(target) }
    }

    /// Whether somebody can be called and worked on.
    var hasCalls: Bool { turns.withLock { $0.hasOpenings } && freeSlotCount > 0 }

    /// Remembers who waits in the journal for a turn.
    func noteWaiting(_ reports: [RunTable.Report], _ settled: [SettleOutcome]) {
        for (report, outcome) in zip(reports, settled) where outcome == .released {
            guard case .hold(_, let reason) = report.settlement.verdict,
                reason.code == ClaimRequest.turnCode, let target = reason.detail
            else { continue }
            turns.withLock { $0.waits(target) }
        }
    }
}
