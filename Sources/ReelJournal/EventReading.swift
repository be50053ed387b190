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
