/// Where a delivery stands, from its last byte to its answer.
package enum DeliveryState: String, LifeCycle {
    case received
    case refused
    case unavailable
    case accepted
    case duplicate

    package static let subject = "A delivery"
    package static let starts: [DeliveryState] = [.received]
    package static let rows: [LifeCycleRow<DeliveryState>] = [
        LifeCycleRow(
            .received,
            by: "the listener, with its last byte",
            to: [.refused, .unavailable, .accepted, .duplicate],
            kept: .notKept
        ),
        LifeCycleRow(.refused, by: "the verifier: answered 401", to: [], kept: .notKept),
        LifeCycleRow(
            .unavailable,
            by: "the append, when nothing can be stored: answered 503",
            to: [],
            kept: .notKept
        ),
        LifeCycleRow(
            .accepted,
            by: "the append, when it is on disk: answered 200",
            to: [],
            kept: .withItsEvent
        ),
        LifeCycleRow(
            .duplicate,
            by: "the append, when its `webhook-id` is known: answered 200",
            to: [],
            kept: .withItsEvent
        ),
    ]
}

extension AppendOutcome {
    /// What became of the delivery that was appended.
    package var delivery: DeliveryState {
        switch self {
        case .appended, .duplicateFact, .contradiction: .accepted
        case .redelivery: .duplicate
        }
    }
}

/// Where an event stands.
package enum EventState: String, LifeCycle {
    case pending
    case running
    case waiting
    case done
    case dead
    case discarded
    case unhandled
    case duplicate
    case contradicted

    package static let subject = "An event"
    package static let starts: [EventState] = [.pending, .unhandled, .duplicate, .contradicted]
    package static let rows: [LifeCycleRow<EventState>] = [
        LifeCycleRow(
            .pending,
            by: "the append",
            to: [.running, .unhandled],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .running,
            by: "the dispatcher, when it claims a run, or when one run of several has ended",
            to: [.waiting, .done, .dead, .discarded],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .waiting,
            by: "the dispatcher, when a step is to be tried again later; a retry by hand",
            to: [.running],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .done,
            by: "the dispatcher, when every step of every run is done",
            to: [],
            kept: .retained(.finished)
        ),
        LifeCycleRow(
            .dead,
            by: "the dispatcher, when a step gave up",
            to: [.waiting, .discarded],
            kept: .retained(.dead)
        ),
        LifeCycleRow(
            .discarded,
            by: "an operator, with a reason",
            to: [],
            kept: .retained(.dead)
        ),
        LifeCycleRow(
            .unhandled,
            by: "the append or the dispatcher: no chain takes it",
            to: [],
            kept: .retained(.unhandled)
        ),
        LifeCycleRow(
            .duplicate,
            by: "the append: the fact stands in an earlier entry",
            to: [],
            kept: .retained(.finished)
        ),
        LifeCycleRow(
            .contradicted,
            by: "the append: the video came to the other end before",
            to: [],
            kept: .retained(.dead)
        ),
    ]
}

/// Where a run (one event in one chain) and its present step stand.
package enum RunState: String, LifeCycle {
    case pending
    case running
    case waiting
    case done
    case dead
    case discarded

    package static let subject = "A step of a chain"
    package static let starts: [RunState] = [.pending]
    package static let rows: [LifeCycleRow<RunState>] = [
        LifeCycleRow(.pending, by: "the plan", to: [.running], kept: .untilMoved),
        LifeCycleRow(
            .running,
            by: "a claim, with a lease and a fencing token; again when the lease is taken over,"
                + " and when the next step begins",
            to: [.running, .waiting, .done, .dead],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .waiting,
            by: "the claim's owner: due again at a moment; an operator, for a dead one",
            to: [.running],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .done,
            by: "the claim's owner",
            to: [],
            kept: .withItsEvent
        ),
        LifeCycleRow(
            .dead,
            by: "the claim's owner: gave up, with a reason",
            to: [.waiting, .discarded],
            kept: .withItsEvent
        ),
        LifeCycleRow(
            .discarded,
            by: "an operator, with a reason",
            to: [],
            kept: .withItsEvent
        ),
    ]
}

/// Where the remembered job of a video stands; `completed` and `failed` do not go back.
package enum JobState: String, LifeCycle {
    case open
    case completed
    case failed
    case lost
    case deleted

    package static let subject = "A video job"
    package static let starts: [JobState] = [.open, .completed, .failed, .lost, .deleted]
    package static let rows: [LifeCycleRow<JobState>] = [
        LifeCycleRow(
            .open,
            by: "the console, `videos track`, a list read back, an event of a video not known yet",
            to: [.completed, .failed, .lost, .deleted],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .completed,
            by: "the first observation or webhook that says so",
            to: [.deleted],
            kept: .retained(.videos)
        ),
        LifeCycleRow(
            .failed,
            by: "the first observation or webhook that says so",
            to: [.deleted],
            kept: .retained(.videos)
        ),
        LifeCycleRow(
            .lost,
            by: "the poller: the provider forgot it, or the deadline is over",
            to: [.completed, .failed],
            kept: .retained(.videos)
        ),
        LifeCycleRow(.deleted, by: "the console", to: [], kept: .retained(.videos)),
    ]
}

/// Where one file of a video stands.
package enum AssetState: String, LifeCycle {
    case pending
    case partial
    case fetched
    case stored
    case absent
    case lost
    case leaving
    case deleted

    package static let subject = "A file of a video"
    package static let starts: [AssetState] = [.pending, .absent, .lost]
    package static let rows: [LifeCycleRow<AssetState>] = [
        LifeCycleRow(
            .pending,
            by: "the fetch, before the first byte",
            to: [.pending, .partial, .fetched, .absent, .lost],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .partial,
            by: "the fetch: offset and ETag of what is on disk",
            to: [.partial, .fetched, .pending, .absent, .lost],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .fetched,
            by: "the fetch: whole, checked, on disk, not under its final name",
            to: [.stored, .pending],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .stored,
            by: "the store: under its final name",
            to: [.leaving],
            kept: .asFiles
        ),
        LifeCycleRow(
            .absent,
            by: "the fetch: the provider does not have this variant",
            to: [.pending, .partial, .fetched],
            kept: .withItsVideo
        ),
        LifeCycleRow(
            .lost,
            by: "the fetch: the link died first; the reason says so",
            to: [.pending, .partial, .fetched, .absent, .lost],
            kept: .withItsVideo
        ),
        LifeCycleRow(
            .leaving,
            by: "the retention of files, or an operator: it is to be deleted; the reason says why",
            to: [.deleted],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .deleted,
            by: "the service, when it is gone; a replay of its event fetches it again",
            to: [.pending, .partial, .fetched, .absent, .lost],
            kept: .withItsVideo
        ),
    ]
}
