internal import ReelJSON
package import ReelRuntime

/// What the journal needs to know of a body: no more than the envelope (facts of the wire format:
/// `id`, `type`, `created_at`, `data.id`).
package struct EventReading: Sendable, Hashable {
    package let eventID: String?
    package let type: String?
    package let createdAt: Timestamp?
    package let videoID: VideoID?
    package let terminal: TerminalState?
    /// Why the body cannot be handed to a chain: `not_json`, `not_an_event`, `invalid_video_id`.
    package let fault: Reason?

    package init(_ body: [UInt8]) {
        fatalError("the journal's room writes this")
    }
}

/// The event that a webhook would have brought, for an end that a poll found.
package struct ObservedEvent: Sendable, Hashable {
    /// The same for the same fact, whenever and by whomever it is found.
    package let id: String
    package let type: String
    /// `{"id","object":"event","created_at","type","data":{"id"}}`, the shape of OpenAI's.
    package let body: [UInt8]

    package init(_ observation: Observation) {
        fatalError("the journal's room writes this")
    }
}
