internal import ReelRuntime

extension RunProgress {
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
