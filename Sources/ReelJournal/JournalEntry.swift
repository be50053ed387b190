package import ReelRuntime

/// One event as the journal holds it.
package struct JournalEntry: Sendable, Hashable {
    /// Counts up from 1 without reuse; the cursor of every reader.
    package let sequence: Int64
    package let origin: EntryOrigin
    /// The endpoint or the poller's provider that it came in by.
    package let source: String
    /// The provider whose video it is about.
    package let provider: String
    /// The `webhook-id`; nil for what was polled or replayed.
    package let webhookID: String?
    /// The event's own id; nil when the body has none.
    package let eventID: String?
    /// The event's type as it was sent; nil when the body is not an event.
    package let type: String?
    package let videoID: VideoID?
    /// The content byte for byte as it was signed; for a poll the event it stands for.
    package let body: [UInt8]
    /// When the event happened by the body's `created_at`; nil when it does not say.
    package let occurredAt: Timestamp?
    package let receivedAt: Timestamp
    package let state: EventState
    package let reason: Reason?
    /// How often it came again: redeliveries under the same `webhook-id`.
    package let redeliveryCount: Int64
    /// The entry that recorded the fact first, for a duplicate or a contradiction; the entry that
    /// is run again, for a replay.
    package let relatedSequence: Int64?

    package init(
        sequence: Int64,
        origin: EntryOrigin,
        source: String,
        provider: String,
        webhookID: String?,
        eventID: String?,
        type: String?,
        videoID: VideoID?,
        body: [UInt8],
        occurredAt: Timestamp?,
        receivedAt: Timestamp,
        state: EventState,
        reason: Reason?,
        redeliveryCount: Int64,
        relatedSequence: Int64?
    ) {
        self.sequence = sequence
        self.origin = origin
        self.source = source
        self.provider = provider
        self.webhookID = webhookID
        self.eventID = eventID
        self.type = type
        self.videoID = videoID
        self.body = body
        self.occurredAt = occurredAt
        self.receivedAt = receivedAt
        self.state = state
        self.reason = reason
        self.redeliveryCount = redeliveryCount
        self.relatedSequence = relatedSequence
    }
}

extension JournalEntry {
    /// The same entry where its runs have put it.
    package func standing(_ state: EventState, _ reason: Reason?) -> JournalEntry {
        JournalEntry(
            sequence: sequence,
            origin: origin,
            source: source,
            provider: provider,
            webhookID: webhookID,
            eventID: eventID,
            type: type,
            videoID: videoID,
            body: body,
            occurredAt: occurredAt,
            receivedAt: receivedAt,
            state: state,
            reason: reason,
            redeliveryCount: redeliveryCount,
            relatedSequence: relatedSequence
        )
    }
}

/// What became of an append.
package enum AppendOutcome: Sendable, Hashable {
    /// A new entry, on disk, and the first of its fact if it has one.
    case appended(sequence: Int64)
    /// A new entry whose fact an earlier one had recorded; it is kept and not run.
    case duplicateFact(sequence: Int64, of: Int64)
    /// A new entry that says the opposite of what was recorded; it is kept, shown and not run.
    case contradiction(sequence: Int64, of: Int64)
    /// The `webhook-id` was known; the entry's count went up.
    case redelivery(sequence: Int64)
}
