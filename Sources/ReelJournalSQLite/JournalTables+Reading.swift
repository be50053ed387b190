internal import ReelJournal
internal import ReelRuntime

// What readers ask for.
extension JournalTables {
    func entry(_ sequence: Int64) throws(SQLiteFault) -> JournalEntry? {
        try connection.first(
            """
            SELECT e.origin, e.source, e.provider, e.webhook_id, e.event_id, e.type, v.id, b.body,
                e.occurred_at, e.received_at, e.state, e.reason_code, e.reason_detail,
                e.redelivery_count, e.related
            FROM entries e JOIN bodies b ON b.sequence = e.sequence
                LEFT JOIN videos v ON v.number = e.video
            WHERE e.sequence = ?1
            """,
            [.integer(sequence)]
        ) { (row) throws(SQLiteFault) in
            let type = row.optionalInteger(5)
            return JournalEntry(
                sequence: sequence,
                origin: try .stored(row.integer(0)),
                source: try self.word(row.integer(1)),
                provider: try self.word(row.integer(2)),
                webhookID: row.optionalText(3),
                eventID: row.optionalText(4),
                type: try type.map { (number) throws(SQLiteFault) in try self.word(number) },
                videoID: row.optionalText(6).flatMap { VideoID($0) },
                body: row.blob(7),
                occurredAt: row.optionalMoment(8),
                receivedAt: row.moment(9),
                state: try .stored(row.integer(10)),
                reason: row.reason(11),
                redeliveryCount: row.integer(13),
                relatedSequence: row.optionalInteger(14)
            )
        }
    }

    func entries(_ query: EntryQuery) throws(SQLiteFault) -> [JournalEntry] {
        var entries: [JournalEntry] = []
        for sequence in try sequences(of: query) {
            if let entry = try entry(sequence) { entries.append(entry) }
        }
        return entries
    }

    /// The sequences of those that match, in order, as many as the query wants.
    func sequences(of query: EntryQuery) throws(SQLiteFault) -> [Int64] {
        let limit = min(max(query.limit, 1), 10_000)
        let isAscending = query.order == .oldestFirst
        var sequences: Set<Int64> = []
        for selection in try selections(for: query) {
            guard !selection.isOfDeadRuns else {
                sequences.formUnion(
                    try deadSequences(selection, limit: limit, isAscending: isAscending)
                )
                continue
            }
            sequences.formUnion(
                try connection.rows(
                    composed: """
                        SELECT sequence FROM entries \(selection.index)
                        WHERE \(selection.condition)
                        ORDER BY sequence \(isAscending ? "ASC" : "DESC") LIMIT \(limit)
                        """,
                    selection.values
                ) { $0.integer(0) }
            )
        }
        let ordered = isAscending ? sequences.sorted(by: <) : sequences.sorted(by: >)
        return Array(ordered.prefix(limit))
    }

    func count(_ query: EntryQuery) throws(SQLiteFault) -> Int64 {
        var count: Int64 = 0
        for selection in try selections(for: query) {
            guard !selection.isOfDeadRuns else {
                let dead = try deadSequences(selection, limit: .max, isAscending: true)
                count += Int64(dead.count)
                continue
            }
            count +=
                try connection.rows(
                    composed: """
                        SELECT count(*) FROM entries \(selection.index)
                        WHERE \(selection.condition)
                        """,
                    selection.values
                ) { $0.integer(0) }.first ?? 0
        }
        return count
    }

    func steps(of sequences: [Int64]) throws(SQLiteFault) -> [Int64: [StepRecord]] {
        var answer: [Int64: [StepRecord]] = [:]
        for sequence in Set(sequences) {
            let rows = try runs(of: sequence)
            guard !rows.isEmpty else { continue }
            let history = try history(of: sequence, rows)
            let runs = rows.map { row in
                var finished: RunProgress.Finished = [:]
                for past in history
                where past.position == row.position && past.record.outcome == "done" {
                    finished[past.record.stepIndex] = (past.record, past.note)
                }
                return (run: row.progress, finished: finished)
            }
            answer[sequence] = RunProgress.steps(of: runs)
        }
        return answer
    }

    func attempts(of sequence: Int64) throws(SQLiteFault) -> [AttemptRecord] {
        try history(of: sequence, try runs(of: sequence)).map(\.record)
    }

    private func history(
        of sequence: Int64,
        _ rows: [RunRow]
    ) throws(SQLiteFault) -> [(position: Int64, record: AttemptRecord, note: String?)] {
        try connection.rows(
            """
            SELECT position, step, attempt, started_at, ended_at, outcome, reason_code,
                reason_detail, note
            FROM attempts WHERE sequence = ?1 ORDER BY position, number
            """,
            [.integer(sequence)]
        ) { (row) throws(SQLiteFault) in
            let position = row.integer(0)
            let step = Int(row.integer(1))
            guard let plan = rows.first(where: { $0.position == position })?.progress.plan,
                plan.steps.indices.contains(step)
            else { throw .misread }
            let record = AttemptRecord(
                chain: plan.chain,
                stepIndex: step,
                stepName: plan.steps[step],
                attempt: Int(row.integer(2)),
                startedAt: row.moment(3),
                endedAt: row.moment(4),
                outcome: row.text(5),
                reason: row.reason(6)
            )
            return (position, record, row.optionalText(8))
        }
    }

    func outlook() throws(SQLiteFault) -> JournalOutlook {
        let counts = try connection.first(
            """
            SELECT
                (SELECT count(*) FROM runs INDEXED BY runs_ready WHERE is_ready = 1)
                + (SELECT count(*) FROM runs INDEXED BY runs_timed
                    WHERE is_ready = 0 AND state <= 2),
                (SELECT count(*) FROM runs INDEXED BY runs_dead WHERE state = 4)
            """
        ) { (open: $0.integer(0), dead: $0.integer(1)) }
        // Of each kind the first that nothing of its video stands before; a retried run waits for
        // the lease of a later one that is at work.
        let ready = try connection.first(
            """
            SELECT max(r.claimable_at, coalesce((
                SELECT max(w.claimable_at) FROM runs w INDEXED BY runs_of_video
                WHERE w.video = r.video AND w.state <= 2 AND w.state = 1
                    AND w.sequence <> r.sequence AND w.lane IS r.lane
            ), 0))
            FROM runs r INDEXED BY runs_ready
            WHERE r.is_ready = 1 AND NOT EXISTS (
                SELECT 1 FROM runs f INDEXED BY runs_of_video
                WHERE f.video = r.video AND f.state <= 2 AND f.sequence < r.sequence
                    AND (f.lane IS NULL OR f.lane = r.lane)
            )
            ORDER BY r.urgency, r.sequence, r.position LIMIT 1
            """
        ) { $0.moment(0) }
        let timed = try connection.first(
            """
            SELECT max(r.claimable_at, coalesce((
                SELECT max(w.claimable_at) FROM runs w INDEXED BY runs_of_video
                WHERE w.video = r.video AND w.state <= 2 AND w.state = 1
                    AND w.sequence <> r.sequence AND w.lane IS r.lane
            ), 0))
            FROM runs r INDEXED BY runs_timed
            WHERE r.is_ready = 0 AND r.state <= 2 AND NOT EXISTS (
                SELECT 1 FROM runs f INDEXED BY runs_of_video
                WHERE f.video = r.video AND f.state <= 2 AND f.sequence < r.sequence
                    AND (f.lane IS NULL OR f.lane = r.lane)
            )
            ORDER BY r.claimable_at LIMIT 1
            """
        ) { $0.moment(0) }
        let moments = [ready, timed].compactMap(\.self)
        return JournalOutlook(
            nextDueAt: moments.min(),
            openRunCount: counts?.open ?? 0,
            deadRunCount: counts?.dead ?? 0
        )
    }
}
