internal import ReelEvents
package import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// What a notification's body looks like.
package enum NotifyShape: Sendable, Hashable {
    /// OpenAI's shape and more in `data`: provider, status, model, files, error.
    case full
    /// Exactly what OpenAI sends: `data` holds the video's id alone, as it does for events that
    /// OpenAI itself sent.
    case openAI
    /// JSON with names in braces in its strings, such as `{video_id}`.
    case template(JSONValue)

    /// What Slack's incoming webhooks take.
    package static let slack = NotifyShape.template([
        "text": "{summary}", "mrkdwn": .bool(false),
    ])

    /// What Discord's webhooks take; nobody is mentioned, whatever a prompt says.
    package static let discord = NotifyShape.template([
        "content": "{summary}", "allowed_mentions": ["parse": .array([])],
    ])

    /// The names that may stand in braces.
    package static let names = [
        "summary", "id", "type", "sequence", "created_at", "provider", "video_id", "status",
        "model", "prompt", "size", "seconds", "location", "thumbnail", "bytes", "sha256",
        "error_code", "error_message",
    ]

    func body(_ document: EventDocument) -> [UInt8] {
        switch self {
        case .full: document.json.serialized()
        case .openAI: document.openAI.serialized()
        case .template(let template): Self.fill(template, document.values).serialized()
        }
    }

    private static func fill(_ template: JSONValue, _ values: [String: String]) -> JSONValue {
        switch template {
        case .null, .bool, .number: return template
        case .string(let text): return .string(fill(text, values))
        case .array(let elements): return .array(elements.map { fill($0, values) })
        case .object(let object):
            var filled = JSONObject()
            for member in object.members { filled.append(member.name, fill(member.value, values)) }
            return .object(filled)
        }
    }

    /// Puts values for the names in braces; what is in braces and is no name stays as it is, and
    /// nothing that a value holds is looked at again.
    private static func fill(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}") else { break }
            let name = String(rest[rest.index(after: open)..<close])
            guard let value = values[name] else {
                result.append("{")
                rest = rest.dropFirst()
                continue
            }
            result += value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// The names in braces that a template uses and nobody fills.
    package static func unknownNames(in template: JSONValue) -> [String] {
        switch template {
        case .null, .bool, .number: return []
        case .array(let elements): return elements.flatMap(unknownNames)
        case .object(let object): return object.members.flatMap { unknownNames(in: $0.value) }
        case .string(let text):
            let pieces = text.split(separator: "{", omittingEmptySubsequences: false)
            return pieces.dropFirst().compactMap { piece in
                guard let close = piece.firstIndex(of: "}") else { return nil }
                let name = String(piece[..<close])
                let isName =
                    !name.isEmpty
                    && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
                return isName && !names.contains(name) ? name : nil
            }
        }
    }
}

extension EventDocument {
    /// The event as OpenAI sends it, byte for byte where OpenAI did.
    var openAI: JSONValue {
        guard event.videoID != nil else { return json }
        var document = JSONObject()
        for name in ["id", "object", "created_at", "type"] {
            document.append(name, json[name] ?? .null)
        }
        document.append("data", ["id": json["data"]?["id"] ?? .null])
        return .object(document)
    }

    /// What the names in a template stand for; a name without a value is filled with nothing.
    fileprivate var values: [String: String] {
        var values = Dictionary(uniqueKeysWithValues: NotifyShape.names.map { ($0, "") })
        let shown = json
        values["id"] = shown["id"]?.string
        values["type"] = event.type.name
        values["sequence"] = String(event.sequence)
        values["created_at"] = (event.occurredAt ?? event.receivedAt).description
        values["provider"] = event.provider
        values["video_id"] = event.videoID?.rawValue ?? ""
        values["status"] = shown["data"]?["status"]?.string ?? ""
        for name in ["model", "prompt", "size", "seconds"] {
            values[name] = object?[name]?.string ?? ""
        }
        values["error_code"] = object?["error"]?["code"]?.string ?? ""
        values["error_message"] = object?["error"]?["message"]?.string ?? ""
        if let video = files.first(where: { $0.variant == "video" }) {
            values["location"] = video.location
            values["bytes"] = String(video.byteCount)
            values["sha256"] = video.sha256 ?? ""
        }
        values["thumbnail"] = files.first { $0.variant == "thumbnail" }?.location ?? ""
        values["summary"] = summary(values)
        return values
    }

    /// One line for people.
    private func summary(_ values: [String: String]) -> String {
        guard let videoID = event.videoID else { return event.type.name }
        func value(_ name: String) -> String { values[name] ?? "" }
        switch event.type {
        case .videoCompleted:
            let place = value("location")
            return "Video \(videoID.rawValue) is completed" + (place.isEmpty ? "" : ": " + place)
        case .videoFailed:
            let code = value("error_code")
            return "Video \(videoID.rawValue) failed" + (code.isEmpty ? "" : ": " + code)
        // Types are open.
        default: return event.type.name + " " + videoID.rawValue
        }
    }
}
