internal import ReelAssets
internal import ReelJSON
internal import ReelRuntime

/// What the files of a video were found to be, by their SHA-256: kept as the step's checkpoint,
/// since a file that was put can be read back only through its store.
struct MediaNotes {
    struct Note {
        var duration: Duration?
        var width: Int?
        var height: Int?
    }

    private(set) var notes: [String: Note] = [:]

    /// Reads a checkpoint, or a manifest with the same members; anything else notes nothing.
    init(_ bytes: [UInt8]?) {
        guard let bytes, let json = try? JSONParser.parse(bytes) else { return }
        for file in json["files"]?.array ?? [] {
            guard let sha256 = file["sha256"]?.string else { continue }
            notes[sha256] = Note(
                duration: file["duration_seconds"]?.double.flatMap(Self.duration),
                width: file["width"]?.integer.map { Int($0) },
                height: file["height"]?.integer.map { Int($0) }
            )
        }
    }

    mutating func add(_ facts: MediaFacts, of sha256: String) {
        notes[sha256] = Note(duration: facts.duration, width: facts.width, height: facts.height)
    }

    /// Takes what another knows and this one does not.
    mutating func add(_ other: MediaNotes) {
        notes.merge(other.notes) { mine, _ in mine }
    }

    var checkpoint: [UInt8] {
        let files = notes.sorted { $0.key < $1.key }.map { sha256, note in
            var object = JSONObject()
            object.append("sha256", .string(sha256))
            object.append(
                "duration_seconds",
                note.duration.map { .number(JSONNumber($0.inSeconds)) } ?? .null
            )
            object.append("width", .integer(orNull: note.width))
            object.append("height", .integer(orNull: note.height))
            return JSONValue.object(object)
        }
        var document = JSONObject()
        document.append("files", .array(files))
        return JSONValue.object(document).serialized()
    }

    private static func duration(_ seconds: Double) -> Duration? {
        guard seconds >= 0, seconds < 1e12 else { return nil }
        return .microseconds(Int64((seconds * 1_000_000).rounded()))
    }
}
