internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// Follows the journal by its sequence numbers; nothing is missed while the service is away.
struct Tail: Sendable {
    let tool: Tool
    let isJSON: Bool
    /// Ends after that many entries.
    let count: Int?

    private static let pause = Duration.milliseconds(200)

    /// Prints entries after the query's cursor as they come.
    ///
    /// - Throws: `Failure` when the journal is there and cannot be read.
    func follow(_ dataDirectory: String, _ query: EntryQuery) async throws {
        var query = query
        var printed = 0
        var journal: JournalReader?
        var isWaiting = false
        while true {
            guard let open = journal ?? (try? JournalReader.open(dataDirectory)) else {
                if !isWaiting { tool.say("reelhook: waiting for a journal in \(dataDirectory)") }
                isWaiting = true
                try await tool.time.sleep(for: Self.pause)
                continue
            }
            journal = open
            do {
                if query.after == nil { query.after = try await open.driver.lastSequence() }
                let entries = try await open.listing(query)
                for (entry, json) in entries {
                    show(entry, json)
                    query.after = entry.sequence
                    printed += 1
                    if printed == count { return await open.driver.close() }
                }
                if entries.count == query.limit { continue }
            } catch {
                // The file may have been moved away or replaced: look again.
                await open.driver.close()
                journal = nil
            }
            try await tool.time.sleep(for: Self.pause)
        }
    }

    private func show(_ entry: JournalEntry, _ json: JSONValue) {
        if isJSON { tool.print(json) } else { tool.print(EventText.line(entry, json)) }
    }
}
