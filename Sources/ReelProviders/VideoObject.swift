package import ReelJSON
package import ReelRuntime

/// A video object of the `/v1/videos` shape: the fields Reelhook uses, and all the others kept.
package struct VideoObject: Sendable, Hashable {
    /// The object as it came, unknown fields included.
    package let json: JSONValue
    package let id: String
    package let status: VideoJobStatus
    /// Tells which of the provider's keys made it or can see it; nil for an object that nobody
    /// was asked for with a key.
    package var keyPrint: KeyPrint?

    /// Reads an object; nil when it is none or has no id.
    package init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, !id.isEmpty else { return nil }
        self.json = json
        self.id = id
        status = VideoJobStatus(json["status"]?.string)
    }

    package var model: String? { json["model"]?.string }
    package var prompt: String? { json["prompt"]?.string }
    package var size: String? { json["size"]?.string }
    /// A string on OpenAI's wire, a number on some others'.
    package var seconds: String? {
        json["seconds"]?.string ?? json["seconds"]?.double.map { JSONNumber($0).text }
    }
    package var progress: Int? {
        json["progress"]?.double.map { Int(exactly: $0.rounded(.down)) ?? 0 }
    }
    package var createdAt: Timestamp? { moment("created_at") }
    package var completedAt: Timestamp? { moment("completed_at") }
    package var expiresAt: Timestamp? { moment("expires_at") }
    package var remixedFrom: String? { json["remixed_from_video_id"]?.string }
    package var errorCode: String? { json["error"]?["code"]?.string }
    package var errorMessage: String? { json["error"]?["message"]?.string }

    private func moment(_ name: String) -> Timestamp? {
        json[name]?.double.flatMap { Int64(exactly: $0.rounded(.down)) }
            .map { Timestamp(secondsSinceEpoch: $0) }
    }
}

/// A job's state in the provider's own word, read with care for words nobody documented.
package enum VideoJobStatus: Sendable, Hashable {
    case queued
    case inProgress
    case completed
    case failed
    /// `expired`: it was completed once and its files are gone.
    case expired
    /// `cancelled` or `canceled`: an end without a file.
    case cancelled
    /// Any other word, or none; taken for not yet ended.
    case other(String?)

    package init(_ word: String?) {
        self =
            switch word {
            case "queued": .queued
            case "in_progress": .inProgress
            case "completed": .completed
            case "failed": .failed
            case "expired": .expired
            case "cancelled", "canceled": .cancelled
            default: .other(word)
            }
    }

    /// Whether the job will not change any more.
    package var isTerminal: Bool {
        switch self {
        case .completed, .failed, .expired, .cancelled: true
        case .queued, .inProgress, .other: false
        }
    }
}
