package import ReelRuntime

/// The end that a video came to.
package enum TerminalState: String, Hashable, Sendable, CaseIterable {
    case completed
    case failed
}

/// The one thing that deliveries and polls are witnesses of: this video came to this end.
///
/// (provider, video, terminal state) is unique in the journal. The first end recorded for a video
/// stands; the same end again is a duplicate, the other one a contradiction.
package struct Fact: Hashable, Sendable {
    package let provider: String
    package let videoID: VideoID
    package let terminal: TerminalState

    package init(provider: String, videoID: VideoID, terminal: TerminalState) {
        self.provider = provider
        self.videoID = videoID
        self.terminal = terminal
    }
}

/// How an entry came into the journal.
public enum EntryOrigin: String, Hashable, Sendable, CaseIterable {
    /// A signed delivery of the provider.
    case webhook
    /// Reelhook asked the provider.
    case poll
    /// An operator ran a stored event again.
    case replay
}

/// What a poll, or a list read back, found out: a video's end that no webhook need have told.
package struct Observation: Hashable, Sendable {
    package let fact: Fact
    /// When the provider says that it happened; the moment of the poll where it does not say.
    package let occurredAt: Timestamp
    package let observedAt: Timestamp

    package init(fact: Fact, occurredAt: Timestamp, observedAt: Timestamp) {
        self.fact = fact
        self.occurredAt = occurredAt
        self.observedAt = observedAt
    }
}
