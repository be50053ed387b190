package import ReelRuntime

/// A piece of a walk over what is over, deleting what is old.
///
/// A walk begins at 0 and goes on where the answer says until it says nowhere. Each piece is
/// bounded, so that other writes wait for it no longer than its limit makes them.
package struct PruneRequest: Sendable, Hashable {
    /// What is walked over.
    package enum Subject: Sendable, Hashable {
        /// Entries in a state that the life cycle lets go, with bodies, runs and attempts.
        case entries(EventState)
        /// Videos that no entry speaks of, and of which no file is stored or to be removed.
        case videos
        /// Replays that came to their end.
        case replays
    }

    package let subject: Subject
    /// Only what ended before it.
    package let before: Timestamp
    /// Where the walk stands; what it is counted in is the driver's own.
    package let cursor: Int64
    /// What is looked at in this piece, at least 1.
    package let limit: Int

    package init(_ subject: Subject, before: Timestamp, from cursor: Int64 = 0, limit: Int = 64) {
        self.subject = subject
        self.before = before
        self.cursor = cursor
        self.limit = max(limit, 1)
    }
}

/// What a piece of the walk did.
package struct PruneOutcome: Sendable, Hashable {
    package let deletedCount: Int
    /// Where to go on; nil at the end.
    package let next: Int64?
    /// Whether nothing was done because other writes wait.
    package let isHeldUp: Bool

    package init(deletedCount: Int, next: Int64?, isHeldUp: Bool = false) {
        self.deletedCount = deletedCount
        self.next = next
        self.isHeldUp = isHeldUp
    }
}

/// What was given back to the file system.
package struct ReclaimOutcome: Sendable, Hashable {
    package let freedByteCount: Int64
    /// Whether there is no more that is to be given back now.
    package let isComplete: Bool
    /// Whether nothing was done because other writes wait.
    package let isHeldUp: Bool

    package init(freedByteCount: Int64, isComplete: Bool, isHeldUp: Bool = false) {
        self.freedByteCount = freedByteCount
        self.isComplete = isComplete
        self.isHeldUp = isHeldUp
    }
}

extension LifeCycle {
    /// The states that a span of retention is for, in the order of a life.
    package static func states(keptFor span: RetentionSpan) -> [Self] {
        rows.filter { $0.kept == .retained(span) }.map(\.state)
    }

    /// The span for which what is in this state is kept; nil while it is kept for other reasons.
    package var span: RetentionSpan? {
        switch row?.kept {
        case .retained(let span): span
        case .notKept, .untilMoved, .withItsEvent, .withItsVideo, .asFiles, .always, nil: nil
        }
    }
}
