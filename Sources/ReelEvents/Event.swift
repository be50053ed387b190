internal import ReelJSON
public import ReelJournal
public import ReelRuntime

/// An internal event: one entry of the journal on its way through a chain or a stream.
public struct Event: Sendable, Hashable {
    /// The journal's number for it, and the cursor of whoever follows along.
    public let sequence: Int64
    /// What happened, such as `video.completed`.
    public let type: EventType
    /// The provider whose video it is about, by its name in the configuration.
    public let provider: String
    /// The video it is about; nil for events of other kinds.
    public let videoID: VideoID?
    /// How the journal came to know: by webhook, by poll, by replay.
    public let origin: EntryOrigin
    /// The event's own id, such as `evt_…`.
    public let id: String?
    /// The `webhook-id` of the delivery; nil for what was polled or replayed.
    public let webhookID: String?
    /// When it happened, as far as the provider said so.
    public let occurredAt: Timestamp?
    public let receivedAt: Timestamp
    /// The event's JSON, byte for byte as it was signed.
    public let payload: [UInt8]

    /// The event of an entry; nil when the entry is not an event.
    package init?(_ entry: JournalEntry) {
        guard let type = entry.type else { return nil }
        sequence = entry.sequence
        self.type = EventType(type)
        provider = entry.provider
        videoID = entry.videoID
        origin = entry.origin
        id = entry.eventID
        webhookID = entry.webhookID
        occurredAt = entry.occurredAt
        receivedAt = entry.receivedAt
        payload = entry.body
    }
}

/// A type of event by its name on the wire; any name is one, and the known ones are listed.
public struct EventType: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let name: String

    public init(_ name: String) { self.name = name }
    public init(stringLiteral value: String) { name = value }

    public var description: String { name }

    public static let videoCompleted: EventType = "video.completed"
    public static let videoFailed: EventType = "video.failed"

    /// Whether it is one of the types that OpenAI's API is known to send.
    public var isKnown: Bool { Self.known.contains(name) }

    /// The types of OpenAI's SDK 3.52.0 (its unwrap union of 31, the two of videos, and
    /// `safety_identifier.blocked`, which it knows outside the union).
    public static let known: Set<String> = [
        "batch.completed", "batch.failed", "batch.expired", "batch.cancelled",
        "response.completed", "response.failed", "response.cancelled", "response.incomplete",
        "eval.run.succeeded", "eval.run.failed", "eval.run.canceled",
        "fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled",
        "realtime.call.incoming", "live.call.incoming", "live.transport.incoming",
        "live.transport.connected",
        "agent.environment.ready", "agent.environment.failed", "agent.environment.suspended",
        "agent.environment.expired",
        "agent.session.created", "agent.session.in_progress", "agent.session.idle",
        "agent.session.failed", "agent.session.action_required",
        "safety.alert.created", "safety.org_alert.created", "safety.warning_issued",
        "safety.deactivation_issued", "safety_identifier.blocked",
        "video.completed", "video.failed",
    ]
}
