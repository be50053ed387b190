internal import ReelJSON
package import ReelRuntime

/// What the journal needs to know of a body: no more than the envelope (facts of the wire format:
/// `id`, `type`, `created_at`, `data.id`).
package struct EventReading: Sendable, Hashable {
    /// At most 256 bytes; a longer one is no id.
    package let eventID: String?
    /// From 1 to 256 bytes.
    package let type: String?
    package let createdAt: Timestamp?
    /// Of an event whose type begins with `video.`; other events name other things by `data.id`.
    package let videoID: VideoID?
    package let terminal: TerminalState?
    /// Why the body cannot be handed to a chain: `not_json`, `not_an_event`, `invalid_video_id`.
    package let fault: Reason?

    private static let nameByteCountMax = 256

    private static let selector = JSONSelector([
        ["id"], ["type"], ["created_at"], ["data", "id"],
    ])

    /// What stands at the selector's paths, in their order.
    private typealias Members = (
        id: JSONValue?, type: JSONValue?, createdAt: JSONValue?, dataID: JSONValue?
    )

    package init(_ body: [UInt8]) {
        let event = Self.members(of: body)
        let type = Self.name(event?.type)
        let isOfVideo = type?.hasPrefix("video.") ?? false
        let videoID = isOfVideo ? event?.dataID?.string.flatMap { VideoID($0) } : nil
        eventID = Self.name(event?.id)
        createdAt = Self.moment(event?.createdAt)
        self.type = type
        self.videoID = videoID
        switch type {
        case "video.completed" where videoID != nil: terminal = .completed
        case "video.failed" where videoID != nil: terminal = .failed
        default: terminal = nil
        }
        if event == nil {
            fault = Reason("not_json")
        } else if type == nil {
            fault = Reason("not_an_event")
        } else if isOfVideo, videoID == nil {
            fault = Reason("invalid_video_id")
        } else {
            fault = nil
        }
    }

    /// The members that count; nil when the body is no JSON.
    private static func members(of body: [UInt8]) -> Members? {
        do throws(JSONError) {
            let found = try selector.select(from: body)
            return (found[0], found[1], found[2], found[3])
        } catch {
            return nil
        }
    }

    private static func name(_ value: JSONValue?) -> String? {
        guard let text = value?.string, (1...nameByteCountMax).contains(text.utf8.count) else {
            return nil
        }
        return text
    }

    /// Seconds since the epoch, whole or not, as OpenAI sends them, or a moment by RFC 3339.
    private static func moment(_ value: JSONValue?) -> Timestamp? {
        if let seconds = value?.integer { return Timestamp(secondsSinceEpoch: seconds) }
        if let seconds = value?.double {
            return Int64(exactly: (seconds * 1000).rounded(.down))
                .map { Timestamp(millisecondsSinceEpoch: $0) }
        }
        return value?.string.flatMap { Timestamp(rfc3339: $0) }
    }
}
