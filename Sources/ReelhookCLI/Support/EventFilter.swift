internal import ReelJournal
internal import ReelRuntime

/// The conditions of the `events` commands, from options to a query.
enum EventFilter {
    static func query(
        _ arguments: ParsedArguments,
        _ time: any TimeSource
    ) throws(UsageError) -> EntryQuery {
        var query = EntryQuery()
        if arguments.has("--type") { query.types = arguments.all("--type") }
        if arguments.has("--state") {
            query.states = try arguments.all("--state").map { text throws(UsageError) in
                guard let state = EventState(rawValue: text) else {
                    throw UsageError(
                        "--state takes one of "
                            + EventState.allCases.map(\.rawValue).joined(separator: ", ")
                    )
                }
                return state
            }
        }
        if let text = arguments["--video"] {
            guard let id = VideoID(text) else { throw UsageError("\(text) is not a video id") }
            query.videoID = id
        }
        query.eventID = arguments["--event"]
        query.webhookID = arguments["--webhook-id"]
        if let text = arguments["--origin"] {
            guard let origin = EntryOrigin(rawValue: text) else {
                throw UsageError("--origin takes webhook, poll or replay")
            }
            query.origin = origin
        }
        query.receivedFrom = try moment("--since", arguments, time)
        query.receivedTo = try moment("--until", arguments, time)
        return query
    }

    /// The entry with that sequence, event id or webhook id.
    static func find(_ name: String, _ journal: JournalReader) async throws -> JournalEntry? {
        if let sequence = Int64(name) { return try await journal.driver.entry(sequence) }
        var query = EntryQuery()
        query.limit = 1
        query.eventID = name
        if let entry = try await journal.driver.entries(query).first { return entry }
        query.eventID = nil
        query.webhookID = name
        return try await journal.driver.entries(query).first
    }

    private static func moment(
        _ option: String,
        _ arguments: ParsedArguments,
        _ time: any TimeSource
    ) throws(UsageError) -> Timestamp? {
        guard let text = arguments[option] else { return nil }
        if let moment = Timestamp(rfc3339: text) { return moment }
        if let span = Duration(shortForm: text) { return time.now() - span }
        throw UsageError(
            "\(option) takes a moment such as 2026-11-21T09:00:00Z or a span such as 2h,"
                + " not \(text)"
        )
    }
}
