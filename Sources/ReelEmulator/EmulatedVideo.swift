internal import ReelJSON
internal import ReelRuntime

/// One job of the emulator; its state at a moment follows from its times alone.
struct EmulatedVideo: Sendable {
    enum Status: String, Sendable {
        case queued = "queued"
        case inProgress = "in_progress"
        case completed = "completed"
        case failed = "failed"

        var isTerminal: Bool {
            switch self {
            case .queued, .inProgress: false
            case .completed, .failed: true
            }
        }
    }

    /// Why a job fails, as the object's `error` tells it.
    struct Failure: Sendable, Hashable {
        var code: String
        var message: String

        static let moderation = Failure(
            code: "moderation_blocked",
            message: "Your request was blocked by our moderation system."
        )
        static let generation = Failure(
            code: "video_generation_failed",
            message: "The video could not be generated."
        )
    }

    let id: String
    /// The key that it was made with; nil for one that every key knows.
    let key: Int?
    let parameters: VideoParameters
    let remixedFrom: String?
    let createdAt: Timestamp
    var startsAt: Timestamp
    var endsAt: Timestamp
    /// Nil when it ends well.
    var failure: Failure?
    /// How long its content can be downloaded after it was completed.
    var retention: Duration
    /// From when on the server does not know it any more.
    var forgottenAt: Timestamp?
    /// Counts the changes of the entity tag.
    var tagNumber = 0
    /// Whether its end was told of, or is not to be.
    var isAnnounced = false
    /// The variants that it does not have.
    var missingVariants: Set<EmulatedMedia.Variant> = []
    /// Whether the film is the built-in one as it is, whatever was ordered.
    var isOther = false
    /// Whether its states are other words until it ends.
    var hasUnknownStates = false

    /// One of its files; `byteCountMin` pads the film.
    func media(_ variant: EmulatedMedia.Variant, byteCountMin: Int) -> EmulatedMedia {
        EmulatedMedia(
            variant,
            videoID: id,
            byteCountMin: byteCountMin,
            looks: isOther ? nil : EmulatedMedia.Looks(parameters)
        )
    }

    func isVisible(to asker: Int?) -> Bool { asker == nil || key == nil || asker == key }

    /// The word for its state.
    private func word(for status: Status) -> String {
        guard hasUnknownStates else { return status.rawValue }
        switch status {
        case .queued: return "waiting_for_capacity"
        case .inProgress: return "upscaling"
        case .completed, .failed: return status.rawValue
        }
    }

    func status(at now: Timestamp) -> Status {
        if now < startsAt { return .queued }
        if now < endsAt { return .inProgress }
        return failure == nil ? .completed : .failed
    }

    /// From 0 to 100, and 100 only for a completed one.
    func progress(at now: Timestamp) -> Int {
        switch status(at: now) {
        case .queued: return 0
        case .completed: return 100
        case .inProgress, .failed:
            let whole = max(1, endsAt.millisecondsSinceEpoch - startsAt.millisecondsSinceEpoch)
            let done = now.millisecondsSinceEpoch - startsAt.millisecondsSinceEpoch
            return Int(min(99, max(0, done * 100 / whole)))
        }
    }

    func isForgotten(at now: Timestamp) -> Bool {
        forgottenAt.map { now >= $0 } ?? false
    }

    /// In whole seconds, as the wire has it; nil until it is completed.
    func completedAt(at now: Timestamp) -> Int64? {
        status(at: now) == .completed ? endsAt.secondsSinceEpoch : nil
    }

    func expiresAt(at now: Timestamp) -> Int64? {
        status(at: now) == .completed ? (endsAt + retention).secondsSinceEpoch : nil
    }

    func isExpired(at now: Timestamp) -> Bool {
        now >= endsAt + retention
    }

    /// The object as the API shows it: all 13 fields, those without a value as null.
    func json(at now: Timestamp) -> JSONValue {
        let status = status(at: now)
        var shownError = JSONValue.null
        if status == .failed, let failure {
            shownError = .object([
                "code": .string(failure.code), "message": .string(failure.message),
            ])
        }
        return .object([
            "id": .string(id),
            "object": .string("video"),
            "created_at": .integer(createdAt.secondsSinceEpoch),
            "status": .string(word(for: status)),
            "completed_at": .integer(orNull: completedAt(at: now)),
            "error": shownError,
            "expires_at": .integer(orNull: expiresAt(at: now)),
            "model": .string(parameters.model),
            "progress": .integer(progress(at: now)),
            "prompt": .string(parameters.prompt),
            "remixed_from_video_id": .string(orNull: remixedFrom),
            "seconds": .string(parameters.seconds),
            "size": .string(parameters.size),
        ])
    }
}
