internal import ReelConsole
internal import ReelJSON
internal import ReelJournal

/// The event that a provider was asked to send, to be told from others in the journal.
struct TestEvent: Sendable {
    private let type: String
    private let eventID: String?
    private let webhookID: String?
    /// The last entry before it was sent.
    private let after: Int64
    /// The intake's endpoint that it comes in by, where that is known.
    private let source: String?

    /// The candidates that are looked at; more than that many do not come while one is sent.
    private static let candidateCountMax = 1000

    /// Takes what the service said of it, which is the provider's answer and what it knows itself.
    init(type: String, sent: JSONValue) {
        self.type = type
        eventID = sent["event_id"]?.string ?? sent["event"]?["id"]?.string
        webhookID = sent["webhook_id"]?.string
        after = sent["after_sequence"]?.integer ?? 0
        source = sent["endpoint"]?.string
    }

    enum Finding: Sendable {
        /// As it is listed; certain when the provider named it.
        case arrived(JSONValue, isCertain: Bool)
        /// It can be any of these.
        case unclear([Int64])
        case missing
    }

    /// Looks for it.
    ///
    /// - Throws: `JournalError`.
    func find(in journal: JournalReader) async throws -> Finding {
        var query = EntryQuery()
        query.after = after
        query.origin = .webhook
        query.order = .oldestFirst
        query.limit = Self.candidateCountMax
        let isNamed = eventID != nil || webhookID != nil
        query.eventID = eventID
        query.webhookID = webhookID
        if !isNamed { query.types = [type] }
        var found: [JSONValue] = []
        var sequences: [Int64] = []
        for (entry, json) in try await journal.listing(query) {
            if !isNamed, try await isOfAnother(entry, journal) { continue }
            found.append(json)
            sequences.append(entry.sequence)
        }
        guard let first = found.first else { return .missing }
        return isNamed || found.count == 1
            ? .arrived(first, isCertain: isNamed) : .unclear(sequences)
    }

    /// Whether an event came in elsewhere, or is about a video that was known before.
    private func isOfAnother(_ entry: JournalEntry, _ journal: JournalReader) async throws -> Bool {
        if let source, entry.source != source { return true }
        guard let id = entry.videoID else { return false }
        var earlier = EntryQuery()
        earlier.videoID = id
        earlier.before = entry.sequence
        earlier.limit = 1
        if try await !journal.driver.entries(earlier).isEmpty { return true }
        guard let job = try await journal.driver.job(provider: entry.provider, id: id) else {
            return false
        }
        return job.origin != .event
    }
}
