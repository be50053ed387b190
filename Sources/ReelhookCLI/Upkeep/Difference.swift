internal import ReelJSON
internal import ReelJournal

/// Something that a check found not to be as the journal has it.
struct Difference: Hashable, Sendable {
    enum Kind: String, Sendable {
        /// The journal has it, and the disk does not.
        case missing
        /// It is there, and is not what was stored.
        case altered
        /// The disk has it, and the journal knows nothing of it.
        case unknown
        /// It is there, and the disk does not give it.
        case unreadable
        /// Records that cannot both be true.
        case contradiction
        /// SQLite finds the database's structure broken.
        case damaged
    }

    let kind: Kind
    /// A path in the data directory, or rows of the journal.
    let place: String
    var videoID: VideoID?
    let message: String

    var text: String {
        let word = kind.rawValue + String(repeating: " ", count: 14 - kind.rawValue.count)
        return word + place + ": " + message
    }

    var json: JSONValue {
        .object([
            "kind": .string(kind.rawValue), "place": .string(place),
            "video_id": .string(orNull: videoID?.rawValue), "message": .string(message),
        ])
    }
}
