internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite

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
    let videoID: VideoID?
    let message: String
    /// What to do about it.
    let advice: String

    /// Takes what was found; without an advice of its own it has that of its kind.
    init(
        kind: Kind,
        place: String,
        videoID: VideoID? = nil,
        message: String,
        advice: String? = nil
    ) {
        self.kind = kind
        self.place = place
        self.videoID = videoID
        self.message = message
        self.advice = advice ?? Self.advice(kind, videoID)
    }

    init(_ wrong: JournalContradiction) {
        self.init(
            kind: .contradiction,
            place: wrong.place,
            message: wrong.message,
            advice: Self.advice(wrong.remedy)
        )
    }

    private static func advice(_ remedy: JournalContradiction.Remedy) -> String? {
        switch remedy {
        case .backup: nil
        case .replay(let sequence):
            "`reelhook events replay \(sequence)` does all that follows from it once more"
        case .newKeys:
            "stop the service, keep a copy of the data directory, and in it run `sqlite3"
                + " reelhook.db 'DELETE FROM key_runs; DELETE FROM key_pages'`: the service makes"
                + " the index anew from the events when it starts"
        }
    }

    var text: String {
        let word = kind.rawValue + String(repeating: " ", count: 14 - kind.rawValue.count)
        return word + place + ": " + message + "; " + advice
    }

    private static func advice(_ kind: Kind, _ videoID: VideoID?) -> String {
        switch kind {
        case .missing, .altered:
            guard let id = videoID?.rawValue else { return "put back the copy of a backup" }
            return "put back the copy of a backup, or `reelhook videos delete \(id) --only-files`"
                + " and replay its event while the provider has it"
        case .unknown: return "remove it, unless it is wanted"
        case .unreadable: return "look at its permissions and at the disk"
        case .contradiction, .damaged:
            return "stop the service, keep a copy of the data directory, and restore the last"
                + " backup that `reelhook check` finds nothing in"
        }
    }

    var json: JSONValue {
        .object([
            "kind": .string(kind.rawValue), "place": .string(place),
            "video_id": .string(orNull: videoID?.rawValue), "message": .string(message),
            "advice": .string(advice),
        ])
    }
}
