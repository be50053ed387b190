internal import ReelJournal

/// The configured chains, looked up by what an entry or a claim names.
struct ChainBook: Sendable {
    private let plansByType: [String: [RunPlan]]
    private let chains: [String: [String: Step]]

    /// Takes the chains of a service.
    ///
    /// - Precondition: No two chains share a name.
    init(_ chains: [Chain]) {
        precondition(
            Set(chains.map(\.name)).count == chains.count,
            "the chains of a service differ in name"
        )
        var plansByType: [String: [RunPlan]] = [:]
        for chain in chains {
            let plan = RunPlan(
                chain: chain.name,
                steps: chain.steps.map(\.name),
                lanes: chain.steps.map(\.lane)
            )
            for type in Set(chain.types) { plansByType[type.name, default: []].append(plan) }
        }
        self.plansByType = plansByType
        self.chains = Dictionary(
            uniqueKeysWithValues: chains.map { chain in
                let steps = chain.steps.map { ($0.name, $0) }
                return (chain.name, Dictionary(uniqueKeysWithValues: steps))
            }
        )
    }

    /// What is to be done about a pending entry.
    func plan(for entry: JournalEntry) -> EventPlan {
        plan(type: entry.type, fault: entry.reason)
    }

    /// The same for one that is about to be appended.
    func plan(for draft: EntryDraft) -> EventPlan {
        plan(type: draft.type, fault: draft.fault)
    }

    private func plan(type: String?, fault: Reason?) -> EventPlan {
        if let fault { return .unhandled(fault) }
        guard let type else { return .unhandled(Reason("not_an_event")) }
        if let plans = plansByType[type] { return .runs(plans) }
        return .unhandled(Reason(EventType(type).isKnown ? "no_chain" : "unknown_type"))
    }

    /// The step that a claim names.
    ///
    /// - Throws: The reason that it can never be worked on with these chains; an operator may retry
    ///   it with others.
    func step(for claim: Claim) throws(UnworkableClaim) -> Step {
        guard let steps = chains[claim.chain] else {
            throw UnworkableClaim(reason: Reason("unknown_chain"))
        }
        guard let step = steps[claim.stepName] else {
            throw UnworkableClaim(reason: Reason("unknown_step"))
        }
        guard claim.attempt <= step.retry.attempts else {
            // Each attempt before this one ended with its process, or it would be dead already.
            throw UnworkableClaim(
                reason: Reason("attempts_exhausted", "the last attempt was never reported")
            )
        }
        return step
    }
}

/// A claim that ends before its handler is called.
struct UnworkableClaim: Error {
    let reason: Reason
}
