internal import ReelRuntime

extension RunProgress {
    /// The attempts that ended as done, and their notes, by step.
    package typealias Finished = [Int: (attempt: AttemptRecord, note: String?)]

    /// The runs that a plan begins with.
    package static func first(of plan: RunPlan) -> [RunProgress] {
        plan.firstSteps.map { RunProgress(plan: plan, from: $0) }
    }

    /// The runs that begin since the last of those which they come after is done.
    ///
    /// - Parameter runs: All runs of its entry, this one as it was before.
    /// - Returns: None while something of its stage is not done, or when it was the last stage.
    package func followers(among runs: [RunProgress]) -> [RunProgress] {
        guard state == .done else { return [] }
        let stage = plan.stageSteps(with: stepIndex)
        let others = stage.filter { $0 != line.lowerBound }
        let areDone = others.allSatisfy { step in
            runs.contains {
                $0.plan.chain == plan.chain && $0.line.lowerBound == step && $0.state == .done
            }
        }
        guard areDone else { return [] }
        return plan.nextSteps(after: stepIndex).map { RunProgress(plan: plan, from: $0) }
    }

    /// The runs that are to have begun by what the runs of an entry are, and have not.
    package static func missing(among runs: [RunProgress]) -> [RunProgress] {
        runs.flatMap { first(of: $0.plan) + $0.followers(among: runs) }.filter { due in
            !runs.contains {
                $0.plan.chain == due.plan.chain && $0.line.lowerBound == due.stepIndex
            }
        }
    }

    /// The steps of an entry's chains as a reader sees them.
    ///
    /// - Parameter runs: All runs of the entry, in the order in which they began.
    /// - Returns: All steps of each chain in order.
    package static func steps(of runs: [(run: RunProgress, finished: Finished)]) -> [StepRecord] {
        var names: [String] = []
        var records: [String: [StepRecord]] = [:]
        for (run, finished) in runs {
            let chain = run.plan.chain
            if records[chain] == nil {
                names.append(chain)
                records[chain] = run.plan.steps.indices.map {
                    StepRecord(pending: $0, of: run.plan)
                }
            }
            for index in run.line { records[chain]?[index] = run.record(of: index, finished) }
        }
        return names.flatMap { records[$0] ?? [] }
    }

    private func record(of index: Int, _ finished: Finished) -> StepRecord {
        let isPast = index < stepIndex || state == .done
        let past = isPast ? finished[index] : nil
        let isPresent = index == stepIndex && state != .done
        return StepRecord(
            chain: plan.chain,
            index: index,
            name: plan.steps[index],
            state: isPresent ? state : isPast ? .done : .pending,
            attempts: isPresent ? attempts : past?.attempt.attempt ?? 0,
            reason: isPresent ? reason : nil,
            note: past?.note,
            dueAt: isPresent && state == .waiting ? dueAt : nil,
            finishedAt: isPresent ? endedAt : past?.attempt.endedAt
        )
    }
}

extension StepRecord {
    /// A step whose run has not begun.
    fileprivate init(pending index: Int, of plan: RunPlan) {
        self.init(
            chain: plan.chain,
            index: index,
            name: plan.steps[index],
            state: .pending,
            attempts: 0,
            reason: nil,
            note: nil,
            dueAt: nil,
            finishedAt: nil
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
