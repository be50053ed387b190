package import ReelRuntime

/// A deletion at the provider that is still to be done, or that was given up.
///
/// One that is done has no record of its own: the job is `deleted`.
package struct ProviderRemoval: Sendable, Hashable {
    /// Whether it is tried again.
    package enum State: Sendable, Hashable {
        case waiting(until: Timestamp)
        case givenUp
    }

    package let state: State
    /// How often it failed.
    package let failureCount: Int
    /// Why it failed the last time; nil before the first.
    package let reason: Reason?

    package init(_ state: State, failureCount: Int = 0, reason: Reason? = nil) {
        self.state = state
        self.failureCount = max(failureCount, 0)
        self.reason = reason
    }

    /// When it is due; nil when it was given up.
    package var dueAt: Timestamp? {
        switch state {
        case .waiting(let moment): moment
        case .givenUp: nil
        }
    }
}
