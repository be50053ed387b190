internal import ReelEvents
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// An event as it is told to the world outside: OpenAI's shape, and more of what is known.
///
/// `{"id", "object": "event", "created_at", "type", "data": {…}}`, where `data` holds what the
/// event itself held, and for a video also `provider`, `status`, `model`, `files` and `error`. It
/// is the same for every attempt, as long as the files are.
struct EventDocument {
    let event: Event
    let files: [StoredFile]
    /// The video object as the provider last sent it.
    let object: JSONValue?

    /// Gathers what the journal knows.
    ///
    /// - Throws: When the journal could not be read.
    init(_ event: Event, _ context: HandlerContext, journal: Journal) async throws {
        self.event = event
        guard let videoID = event.videoID else {
            files = []
            object = nil
            return
        }
        files = try await context.files()
        let job = try await journal.driver.job(provider: event.provider, id: videoID)
        object = job?.object.flatMap { try? JSONParser.parse($0) }
    }

    var json: JSONValue {
        let moment = event.occurredAt ?? event.receivedAt
        var document = JSONObject()
        document.append("id", .string(event.id ?? "evt_\(event.sequence)"))
        document.append("object", .string("event"))
        document.append("created_at", .integer(moment.secondsSinceEpoch))
        document.append("type", .string(event.type.name))
        document.append("data", .object(data))
        return .object(document)
    }

    private var data: JSONObject {
        let payload = try? JSONParser.parse(event.payload)
        var data = payload?["data"]?.object ?? JSONObject()
        guard let videoID = event.videoID else { return data }
        data["id"] = .string(videoID.rawValue)
        data["provider"] = .string(event.provider)
        if let status { data["status"] = .string(status) }
        if let model = object?["model"] { data["model"] = model }
        if let error = object?["error"], !error.isNull { data["error"] = error }
        data["files"] = .array(files.map(Self.json))
        return data
    }

    private var status: String? {
        switch event.type {
        case .videoCompleted: "completed"
        case .videoFailed: "failed"
        // Types are open; what this one says of the video only the provider knows.
        default: object?["status"]?.string
        }
    }

    private static func json(_ file: StoredFile) -> JSONValue {
        var object = JSONObject()
        object.append("variant", .string(file.variant))
        object.append("location", .string(file.location))
        object.append("content_type", .string(orNull: file.contentType))
        object.append("bytes", .integer(file.byteCount))
        object.append("sha256", .string(orNull: file.sha256))
        return .object(object)
    }
}
