package import ReelJSON
package import ReelRuntime

/// What `manifest.json` says of a video's files, beside them.
package struct Manifest: Sendable, Hashable {
    /// One stored file.
    package struct File: Sendable, Hashable {
        package var variant: String
        package var name: String
        package var contentType: String
        package var byteCount: Int64
        /// Lower-case hexadecimal.
        package var sha256: String
        package var storedAt: Timestamp
        package var duration: Duration?
        package var width: Int?
        package var height: Int?
        /// How it differs from what was ordered; nil when it does not, or nobody can tell.
        package var difference: String?

        package init(
            variant: String,
            name: String,
            contentType: String,
            byteCount: Int64,
            sha256: String,
            storedAt: Timestamp
        ) {
            self.variant = variant
            self.name = name
            self.contentType = contentType
            self.byteCount = byteCount
            self.sha256 = sha256
            self.storedAt = storedAt
        }
    }

    /// A variant that there is no file of, and why.
    package struct Absence: Sendable, Hashable {
        package var variant: String
        package var reason: String?

        package init(variant: String, reason: String?) {
            self.variant = variant
            self.reason = reason
        }
    }

    /// The event that the files were fetched for.
    package struct Cause: Sendable, Hashable {
        package var sequence: Int64
        package var type: String
        package var origin: String
        package var eventID: String?
        package var webhookID: String?

        package init(
            sequence: Int64,
            type: String,
            origin: String,
            eventID: String?,
            webhookID: String?
        ) {
            self.sequence = sequence
            self.type = type
            self.origin = origin
            self.eventID = eventID
            self.webhookID = webhookID
        }
    }

    package static let fileName = "manifest.json"

    package var provider: String
    package var videoID: String
    /// The video object as the provider last sent it; its prompt, model, size and seconds are
    /// copied from it.
    package var object: JSONValue?
    package var createdAt: Timestamp?
    package var completedAt: Timestamp?
    package var expiresAt: Timestamp?
    package var cause: Cause
    package var files: [File] = []
    package var absences: [Absence] = []

    package init(provider: String, videoID: String, cause: Cause) {
        self.provider = provider
        self.videoID = videoID
        self.cause = cause
    }

    package var json: JSONValue {
        var object = JSONObject()
        object.append("version", .integer(1))
        object.append("provider", .string(provider))
        object.append("video_id", .string(videoID))
        for name in ["model", "prompt", "size", "seconds", "remixed_from_video_id"] {
            object.append(name, self.object?[name] ?? .null)
        }
        object.append("created_at", Self.moment(createdAt))
        object.append("completed_at", Self.moment(completedAt))
        object.append("expires_at", Self.moment(expiresAt))
        object.append("stored_at", Self.moment(files.map(\.storedAt).max()))
        object.append("event", causeJSON)
        object.append("files", .array(files.map(Self.json)))
        object.append("absent", .array(absences.map(Self.json)))
        return .object(object)
    }

    /// The SHA-256 of each file that a manifest names; empty for what is none.
    static func digests(in bytes: [UInt8]) -> [String] {
        let json = try? JSONParser.parse(bytes)
        return (json?["files"]?.array ?? []).compactMap { $0["sha256"]?.string }
    }

    private var causeJSON: JSONValue {
        var object = JSONObject()
        object.append("sequence", .integer(cause.sequence))
        object.append("type", .string(cause.type))
        object.append("origin", .string(cause.origin))
        object.append("id", .string(orNull: cause.eventID))
        object.append("webhook_id", .string(orNull: cause.webhookID))
        return .object(object)
    }

    private static func json(_ file: File) -> JSONValue {
        var object = JSONObject()
        object.append("variant", .string(file.variant))
        object.append("name", .string(file.name))
        object.append("content_type", .string(file.contentType))
        object.append("bytes", .integer(file.byteCount))
        object.append("sha256", .string(file.sha256))
        object.append("stored_at", moment(file.storedAt))
        object.append(
            "duration_seconds",
            file.duration.map { .number(JSONNumber($0.inSeconds)) } ?? .null
        )
        object.append("width", .integer(orNull: file.width))
        object.append("height", .integer(orNull: file.height))
        if let difference = file.difference { object.append("difference", .string(difference)) }
        return .object(object)
    }

    private static func json(_ absence: Absence) -> JSONValue {
        var object = JSONObject()
        object.append("variant", .string(absence.variant))
        object.append("reason", .string(orNull: absence.reason))
        return .object(object)
    }

    private static func moment(_ moment: Timestamp?) -> JSONValue {
        .string(orNull: moment?.description)
    }
}
