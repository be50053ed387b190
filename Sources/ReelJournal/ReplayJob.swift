package import ReelRuntime

/// Where a replay of stored events stands.
package enum ReplayState: String, LifeCycle {
    case running
    case stopped
    case done

    package static let subject = "A replay"
    package static let starts: [ReplayState] = [.running]
    package static let rows: [LifeCycleRow<ReplayState>] = [
        LifeCycleRow(
            .running,
            by: "`events replay`, and again when it is continued",
            to: [.stopped, .done],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .stopped,
            by: "an operator, until it is continued",
            to: [.running],
            kept: .untilMoved
        ),
        LifeCycleRow(
            .done,
            by: "the service, after the last event",
            to: [],
            kept: .retained(.replays)
        ),
    ]
}

/// A replay of stored events, on disk, so that a restart goes on where it was.
package struct ReplayJob: Sendable, Hashable {
    /// Counts from 1; 0 until it is stored.
    package var number: Int64
    /// The conditions on the events, in the words of whoever began it.
    package let filter: String
    /// Events in a thousand seconds, at least 1.
    package let rate: Int
    /// The last entry that belongs to it: those that came after it began do not.
    package let lastSequence: Int64
    /// How many matched when it began.
    package let matchedCount: Int64
    package var state: ReplayState
    /// The last entry that was looked at.
    package var cursor: Int64
    package var replayedCount: Int64
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        number: Int64 = 0,
        filter: String,
        rate: Int,
        lastSequence: Int64,
        matchedCount: Int64,
        state: ReplayState = .running,
        cursor: Int64 = 0,
        replayedCount: Int64 = 0,
        createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.number = number
        self.filter = filter
        self.rate = max(rate, 1)
        self.lastSequence = lastSequence
        self.matchedCount = matchedCount
        self.state = state
        self.cursor = cursor
        self.replayedCount = replayedCount
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A part of a replay: what is appended, and how far it has come by it.
package struct ReplayAdvance: Sendable, Hashable {
    package let number: Int64
    /// Where the replay has to stand, so that nothing is replayed twice.
    package let from: Int64
    /// The last entry that was looked at.
    package let to: Int64
    package let isDone: Bool
    package var drafts: [EntryDraft]
    package let moment: Timestamp

    package init(
        number: Int64,
        from: Int64,
        to: Int64,
        isDone: Bool,
        drafts: [EntryDraft],
        moment: Timestamp
    ) {
        self.number = number
        self.from = from
        self.to = to
        self.isDone = isDone
        self.drafts = drafts
        self.moment = moment
    }
}
