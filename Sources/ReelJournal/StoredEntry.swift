internal import ReelRuntime

/// An entry in memory: what was appended, and what changes after.
struct StoredEntry {
    let draft: EntryDraft
    let sequence: Int64
    var state: EventState
    var reason: Reason?
    var redeliveryCount: Int64 = 0
    var relatedSequence: Int64?
    var isPlanned = false
    /// Deleted for its age; its place stays, so that the next entry stands at its own.
    var isPruned = false

    init(draft: EntryDraft, sequence: Int64) {
        self.draft = draft
        self.sequence = sequence
        state = draft.fault == nil ? .pending : .unhandled
        reason = draft.fault
        relatedSequence = draft.replayOf
    }

    var entry: JournalEntry {
        JournalEntry(
            sequence: sequence,
            origin: draft.origin,
            source: draft.source,
            provider: draft.provider,
            webhookID: draft.webhookID,
            eventID: draft.eventID,
            type: draft.type,
            videoID: draft.videoID,
            body: draft.body,
            occurredAt: draft.occurredAt,
            receivedAt: draft.receivedAt,
            state: state,
            reason: reason,
            redeliveryCount: redeliveryCount,
            relatedSequence: relatedSequence
        )
    }

    func matches(_ query: EntryQuery, hasDeadRun: @autoclosure () -> Bool) -> Bool {
        if isPruned { return false }
        if let after = query.after, sequence <= after { return false }
        if let before = query.before, sequence >= before { return false }
        if let sequences = query.sequences, !sequences.contains(sequence) { return false }
        if let types = query.types {
            guard let type = draft.type, types.contains(type) else { return false }
        }
        if let states = query.states, !states.contains(state) {
            guard states.contains(.dead), hasDeadRun() else { return false }
        }
        if let videoID = query.videoID, draft.videoID != videoID { return false }
        if let eventID = query.eventID, draft.eventID != eventID { return false }
        if let webhookID = query.webhookID, draft.webhookID != webhookID { return false }
        if let origin = query.origin, draft.origin != origin { return false }
        if let from = query.receivedFrom, draft.receivedAt < from { return false }
        if let to = query.receivedTo, draft.receivedAt >= to { return false }
        if query.isUnplanned, state != .pending || isPlanned { return false }
        return true
    }
}
