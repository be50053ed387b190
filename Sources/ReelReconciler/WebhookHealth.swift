internal import ReelRuntime

/// Whether a provider's webhooks arrive: whoever told of the latest end first decides.
///
/// An end that a poll was the first to find is a webhook missed, unless one comes after all within
/// the grace. Entries are named by their sequence in the journal, and spans are monotonic.
package struct WebhookHealth: Sendable, Hashable {
    private let grace: Duration
    private var lastWebhook: Int64 = 0
    private var lastMiss: Int64 = 0
    private var pendingMiss: Int64?
    private var pendingSince: Duration = .zero

    package init(grace: Duration) {
        self.grace = grace
    }

    /// The newest entry that is known to have come by webhook; 0 when there is none.
    package var newestWebhook: Int64 { lastWebhook }

    /// Whether webhooks are known to arrive; before the first they are not.
    package var areArriving: Bool { lastWebhook > lastMiss }

    /// Takes an entry that tells of an end and came by webhook.
    package mutating func webhookArrived(_ sequence: Int64) {
        lastWebhook = max(lastWebhook, sequence)
        if let pending = pendingMiss, pending < lastWebhook { pendingMiss = nil }
    }

    /// Takes an entry that a poll wrote before any webhook told of that end.
    package mutating func pollWasFirst(_ sequence: Int64, at uptime: Duration) {
        guard sequence > lastWebhook else { return }
        if pendingMiss == nil { pendingSince = uptime }
        pendingMiss = max(pendingMiss ?? 0, sequence)
    }

    /// Counts a miss whose grace is over.
    package mutating func look(at uptime: Duration) {
        guard let pending = pendingMiss, uptime - pendingSince >= grace else { return }
        lastMiss = max(lastMiss, pending)
        pendingMiss = nil
    }
}
