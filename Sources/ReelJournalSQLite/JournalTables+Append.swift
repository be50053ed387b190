internal import ReelJournal
internal import ReelRuntime

// Appending entries.
extension JournalTables {
    /// The sequences of a block, whose times of receipt are kept together.
    static let blockShift: Int64 = 12

    func append(_ draft: EntryDraft) throws(SQLiteFault) -> AppendOutcome {
        let source = try number(of: draft.source)
        let keys = try keys()
        let webhookKey = draft.webhookID.map { keys.hash(of: $0) }
        if let id = draft.webhookID, let webhookKey,
            let known = try delivery(id, source, among: keys.candidates(ofWebhook: webhookKey))
        {
            try connection.run(
                "UPDATE entries SET redelivery_count = redelivery_count + 1 WHERE sequence = ?1",
                [.integer(known)]
            )
            return .redelivery(sequence: known)
        }
        let sequence = try takeSequence()
        let provider = try number(of: draft.provider)
        let (video, outcome) = try settleVideo(of: draft, provider, sequence)
        try insert(draft, outcome, sequence, source, provider, video?.number)
        keys.add(sequence, webhook: webhookKey, event: draft.eventID.map { keys.hash(of: $0) })
        try widenSpan(sequence, draft.receivedAt)
        if case .appended = outcome, case .runs(let plans)? = draft.plan, draft.fault == nil {
            let runs = try runs(plans, of: sequence, video?.number, video?.expiresAt)
            for run in runs { try insert(run) }
            keep(nil, runs)
        }
        return outcome
    }

    /// The entry of these that has the `webhook-id` and came by the source.
    private func delivery(
        _ webhookID: String,
        _ source: Int64,
        among candidates: [Int64]
    ) throws(SQLiteFault) -> Int64? {
        for sequence in candidates {
            let found = try connection.first(
                "SELECT 1 FROM entries WHERE sequence = ?1 AND webhook_id = ?2 AND source = ?3",
                [.integer(sequence), .text(webhookID), .integer(source)]
            ) { _ in true }
            if found != nil { return sequence }
        }
        return nil
    }

    private func takeSequence() throws(SQLiteFault) -> Int64 {
        if nextSequence == 0 { nextSequence = try lastSequence() + 1 }
        defer { nextSequence += 1 }
        return nextSequence
    }

    /// The highest sequence that was ever given out.
    func lastSequence() throws(SQLiteFault) -> Int64 {
        let last = try connection.first(
            """
            SELECT max(
                coalesce((SELECT max(sequence) FROM entries), 0),
                coalesce((SELECT value FROM marks WHERE name = 'sequence_floor'), 0)
            )
            """
        ) { $0.integer(0) }
        return last ?? 0
    }

    /// A draft's video: its number, and when its links die as far as that is known by now.
    private struct DraftVideo {
        let number: Int64
        let expiresAt: Int64?
    }

    /// The draft's video, and what its fact makes of the append; the job moves too.
    private func settleVideo(
        of draft: EntryDraft,
        _ provider: Int64,
        _ sequence: Int64
    ) throws(SQLiteFault) -> (video: DraftVideo?, AppendOutcome) {
        guard let id = draft.videoID else { return (nil, .appended(sequence: sequence)) }
        let news = JobUpdate(of: draft)
        guard let known = try video(provider, id) else {
            let job = news.map { VideoJob(first: $0) }
            let number = try insertVideo(
                provider,
                id,
                fact: draft.fact.map { ($0.terminal, sequence) },
                job: job
            )
            let expiresAt = job?.expiresAt?.millisecondsSinceEpoch
            return (DraftVideo(number: number, expiresAt: expiresAt), .appended(sequence: sequence))
        }
        var outcome = AppendOutcome.appended(sequence: sequence)
        if let fact = draft.fact {
            if let first = known.fact {
                outcome =
                    first.terminal == fact.terminal
                    ? .duplicateFact(sequence: sequence, of: first.sequence)
                    : .contradiction(sequence: sequence, of: first.sequence)
            } else {
                try connection.run(
                    "UPDATE videos SET terminal = ?2, fact_sequence = ?3 WHERE number = ?1",
                    [.integer(known.number), .integer(fact.terminal.code), .integer(sequence)]
                )
            }
        }
        var expiresAt = known.expiresAt
        switch outcome {
        case .contradiction: break
        case .appended, .redelivery, .duplicateFact:
            if let news, !known.hasJob || news.state != nil {
                expiresAt = try record(news).expiresAt?.millisecondsSinceEpoch
            }
        }
        return (DraftVideo(number: known.number, expiresAt: expiresAt), outcome)
    }

    private func insert(
        _ draft: EntryDraft,
        _ outcome: AppendOutcome,
        _ sequence: Int64,
        _ source: Int64,
        _ provider: Int64,
        _ video: Int64?
    ) throws(SQLiteFault) {
        let state: EventState
        var reason = draft.fault
        var isPlanned = false
        var related = draft.replayOf
        switch outcome {
        case .appended, .redelivery:
            if reason == nil {
                if case .unhandled(let found) = draft.plan { reason = found }
                isPlanned = draft.plan != nil
            }
            state = reason == nil ? .pending : .unhandled
        case .duplicateFact(_, let first):
            state = .duplicate
            related = first
        case .contradiction(_, let first):
            state = .contradicted
            related = first
        }
        let type: SQLiteValue
        if let name = draft.type { type = .integer(try number(of: name)) } else { type = .null }
        try connection.run(
            """
            INSERT INTO entries (
                sequence, state, origin, source, provider, type, video, received_at, occurred_at,
                related, webhook_id, event_id, reason_code, reason_detail, is_planned
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            """,
            [
                .integer(sequence), .integer(state.code), .integer(draft.origin.code),
                .integer(source), .integer(provider), type, .optional(video),
                .moment(draft.receivedAt), .optional(draft.occurredAt), .optional(related),
                .optional(draft.webhookID), .optional(draft.eventID),
                .optional(reason?.code), .optional(reason?.detail),
                .integer(isPlanned ? 1 : 0),
            ]
        )
        try connection.run(
            "INSERT INTO bodies (sequence, body, digest) VALUES (?1, ?2, ?3)",
            [
                .integer(sequence), .blob(draft.body),
                .integer(BodyDigest.of(draft.body, of: sequence)),
            ]
        )
    }

    // MARK: Spans

    /// Notes when an entry was received; `writeSpan` writes it down.
    private func widenSpan(_ sequence: Int64, _ moment: Timestamp) throws(SQLiteFault) {
        let block = sequence >> Self.blockShift
        let received = moment.millisecondsSinceEpoch
        if span?.block != block {
            try writeSpan()
            span = try connection.first(
                "SELECT first_received_at, last_received_at FROM spans WHERE block = ?1",
                [.integer(block)]
            ) { (block, $0.integer(0), $0.integer(1)) }
        }
        let known = span ?? (block, received, received)
        let wider = (block: block, first: min(known.1, received), last: max(known.2, received))
        if let span, span == wider { return }
        span = wider
        spanChanged = true
    }

    /// Writes the span of the present block where it has changed; before each commit.
    func writeSpan() throws(SQLiteFault) {
        guard spanChanged, let span else { return }
        try connection.run(
            """
            INSERT INTO spans (block, first_received_at, last_received_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (block) DO UPDATE SET
                first_received_at = excluded.first_received_at,
                last_received_at = excluded.last_received_at
            """,
            [.integer(span.block), .integer(span.first), .integer(span.last)]
        )
        spanChanged = false
    }
}
