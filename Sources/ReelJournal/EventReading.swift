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

    package init(_ body: [UInt8]) {
        let event = Self.parsed(body)
        let type = event.flatMap { Self.name($0["type"]) }
        let isOfVideo = type?.hasPrefix("video.") ?? false
        let videoID = isOfVideo ? event?["data"]?["id"]?.string.flatMap { VideoID($0) } : nil
        eventID = event.flatMap { Self.name($0["id"]) }
        createdAt = event.flatMap { Self.moment($0["created_at"]) }
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

    private static func parsed(_ body: [UInt8]) -> JSONValue? {
        do throws(JSONError) {
            return try JSONParser.parse(body)
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
