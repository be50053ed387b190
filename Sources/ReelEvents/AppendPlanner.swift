package import ReelJournal
internal import ReelObservability

/// Plans events as they are appended, by the chains of a dispatcher and with the answer that it
/// would give later.
struct AppendPlanner: EventPlanner {
    let book: ChainBook
    let metrics: DispatcherMetrics
    let logger: Logger

    func plan(for draft: EntryDraft) -> EventPlan? { book.plan(for: draft) }

    func noteAppended(_ draft: EntryDraft, as sequence: Int64, with plan: EventPlan) {
        metrics.countPlans([(sequence: sequence, plan: plan)])
        logger.note(plan, of: sequence, draft.type, draft.videoID)
    }
}

extension Dispatcher {
    /// Plans by this dispatcher's chains, for its journal to do so with each append.
    package var planner: any EventPlanner {
        AppendPlanner(book: book, metrics: metrics, logger: logger)
    }
}

extension Logger {
    /// Says what is to be done about an event.
    func note(_ plan: EventPlan, of sequence: Int64, _ type: String?, _ videoID: VideoID?) {
        switch plan {
        case .runs(let plans):
            info(
                "event planned",
                [
                    "event.sequence": .integer(sequence),
                    "event.type": .string(type ?? ""),
                    "video.id": .string(videoID?.rawValue ?? ""),
                    "event.chains": .integer(plans.count),
                ]
            )
        case .unhandled(let reason):
            info(
                "event set aside",
                [
                    "event.sequence": .integer(sequence),
                    "event.type": .string(type ?? ""),
                    "video.id": .string(videoID?.rawValue ?? ""),
                    "reason": .string(reason.logText),
                ]
            )
        }
    }
}
