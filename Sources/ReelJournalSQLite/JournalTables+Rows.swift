internal import ReelJournal
internal import ReelRuntime

// The rows of runs and of their history.
extension JournalTables {
    private static let eventMoves = StoredMoves<EventState>()
    private static let runMoves = StoredMoves<RunState>()

    /// The runs of an entry in the order in which they began.
    func runs(of sequence: Int64) throws(SQLiteFault) -> [RunRow] {
        if let known = hot[sequence] { return known.runs }
        return try connection.rows(
            """
            SELECT position, chain, state, step, attempts, token, claimable_at, claimed_at,
                ended_at, attempt_total, reason_code, reason_detail, checkpoint IS NOT NULL,
                is_ready, urgency, video, lane
            FROM runs WHERE sequence = ?1 ORDER BY position
            """,
            [.integer(sequence)]
        ) { (row) throws(SQLiteFault) in
            let state: RunState = try .stored(row.integer(2))
            return RunRow(
                sequence: sequence,
                position: row.integer(0),
                chain: row.integer(1),
                progress: RunProgress(
                    plan: try self.plan(row.integer(1)),
                    state: state,
                    stepIndex: Int(row.integer(3)),
                    attempts: Int(row.integer(4)),
                    token: row.integer(5),
                    reason: row.reason(10),
                    dueAt: state == .waiting ? row.moment(6) : nil,
                    claimedAt: row.optionalMoment(7),
                    leaseUntil: state == .running ? row.moment(6) : nil,
                    endedAt: row.optionalMoment(8)
                ),
                attemptTotal: row.integer(9),
                hasCheckpoint: row.integer(12) == 1,
                isReady: row.integer(13) == 1,
                urgency: row.integer(14),
                video: row.optionalInteger(15),
                lane: row.optionalInteger(16)
            )
        }
    }

    /// A run that begins, not yet written.
    func fresh(
        _ run: RunProgress,
        of sequence: Int64,
        at position: Int,
        urgency: Int64,
        video: Int64?
    ) throws(SQLiteFault) -> RunRow {
        RunRow(
            sequence: sequence,
            position: Int64(position),
            chain: try number(of: run.plan),
            progress: run,
            attemptTotal: 0,
            hasCheckpoint: false,
            isReady: true,
            urgency: urgency,
            video: video,
            lane: run.lane.map { StableHash.narrow("lane", $0) }
        )
    }

    /// Writes a run that begins.
    func insert(_ row: RunRow) throws(SQLiteFault) {
        let run = row.progress
        try connection.run(
            """
            INSERT INTO runs (
                sequence, position, chain, state, step, attempts, token, claimable_at,
                is_ready, urgency, video, claimed_at, attempt_total, lane
            ) VALUES (?1, ?2, ?3, ?4, ?12, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?13)
            """,
            [
                .integer(row.sequence), .integer(row.position), .integer(row.chain),
                .integer(run.state.code), .integer(run.attempts), .integer(run.token),
                .optional(run.claimableAt), .integer(row.isReady ? 1 : 0),
                .integer(row.urgency), .optional(row.video), .optional(run.claimedAt),
                .integer(run.stepIndex), .optional(row.lane),
            ]
        )
    }

    /// Keeps an entry that is at work in mind, if there is room.
    func keep(_ entry: JournalEntry?, _ runs: [RunRow]) {
        guard hot.count < HotEntry.countMax, let first = runs.first else { return }
        let isSmall = (entry?.body.count ?? .max) <= HotEntry.bodyByteCountMax
        hot[first.sequence] = HotEntry(entry: isSmall ? entry : nil, runs: runs)
    }

    /// Reads an entry's runs anew when they are next asked for.
    func forget(_ sequence: Int64) {
        hot[sequence] = nil
    }

    /// Writes a run back, and its entry's state where that has changed by it.
    ///
    /// - Returns: The row as it now is.
    @discardableResult
    func write(_ row: RunRow, among before: [RunRow]) throws(SQLiteFault) -> RunRow {
        guard let old = before.first(where: { $0.position == row.position }) else { throw .misread }
        let written = try update(row, from: old)
        let now = before.map { $0.position == row.position ? written : $0 }
        try note(now, after: before)
        guard hot[row.sequence] != nil else { return written }
        if now.allSatisfy({ !$0.progress.state.isOpen }) {
            hot[row.sequence] = nil
        } else {
            hot[row.sequence]?.runs = now
        }
        return written
    }

    /// Writes the entry's state where its runs have moved it.
    private func note(_ now: [RunRow], after before: [RunRow]) throws(SQLiteFault) {
        let was = EventState.standing(of: before.map(\.progress))
        guard let standing = EventState.standing(of: now.map(\.progress)),
            was?.state != standing.state || was?.reason != standing.reason,
            let sequence = now.first?.sequence
        else { return }
        if let was, was.state != standing.state,
            !Self.eventMoves.have(was.state, to: standing.state)
        {
            throw .misread
        }
        let reason = standing.reason
        if reason == nil, was?.reason == nil {
            return try connection.run(
                "UPDATE entries SET state = ?2 WHERE sequence = ?1",
                [.integer(sequence), .integer(standing.state.code)]
            )
        }
        try connection.run(
            """
            UPDATE entries SET state = ?2, reason_code = ?3, reason_detail = ?4
            WHERE sequence = ?1
            """,
            [
                .integer(sequence), .integer(standing.state.code), .optional(reason?.code),
                .optional(reason?.detail),
            ]
        )
    }

    /// Changes the row, which must be as it is thought to be: a move is from a state and a token.
    private func update(_ row: RunRow, from before: RunRow) throws(SQLiteFault) -> RunRow {
        let run = row.progress
        let common: [SQLiteValue] = [
            .integer(row.sequence), .integer(row.position), .integer(run.stepIndex),
            .integer(run.attempts), .integer(run.token), .optional(run.claimableAt),
            .optional(run.claimedAt), .optional(run.endedAt), .integer(row.attemptTotal),
            .optional(run.reason?.code), .optional(run.reason?.detail),
            .integer(before.progress.state.code), .integer(before.progress.token),
        ]
        var written = row
        if before.progress.state == run.state, !before.isReady {
            // SQLite writes every index anew that speaks of an assigned column, changed or not.
            try connection.run(
                """
                UPDATE runs SET step = ?3, attempts = ?4, token = ?5, claimable_at = ?6,
                    claimed_at = ?7, ended_at = ?8, attempt_total = ?9, reason_code = ?10,
                    reason_detail = ?11
                WHERE sequence = ?1 AND position = ?2 AND state = ?12 AND token = ?13
                """,
                common
            )
        } else {
            guard Self.runMoves.have(before.progress.state, to: run.state) else { throw .misread }
            try connection.run(
                """
                UPDATE runs SET step = ?3, attempts = ?4, token = ?5, claimable_at = ?6,
                    claimed_at = ?7, ended_at = ?8, attempt_total = ?9, reason_code = ?10,
                    reason_detail = ?11, state = ?14, is_ready = 0
                WHERE sequence = ?1 AND position = ?2 AND state = ?12 AND token = ?13
                """,
                common + [.integer(run.state.code)]
            )
            written.isReady = false
        }
        guard connection.changeCount == 1 else { throw .misread }
        return written
    }

    func checkpoint(of row: RunRow) throws(SQLiteFault) -> [UInt8]? {
        guard row.hasCheckpoint else { return nil }
        return try connection.first(
            "SELECT checkpoint FROM runs WHERE sequence = ?1 AND position = ?2",
            [.integer(row.sequence), .integer(row.position)]
        ) { $0.optionalBlob(0) } ?? nil
    }

    /// Writes an attempt into the history, from which the one beyond its bound goes unless it ended
    /// as done.
    func remember(
        _ attempt: AttemptRecord,
        note: String?,
        of row: inout RunRow
    ) throws(SQLiteFault) {
        row.attemptTotal += 1
        try connection.run(
            """
            INSERT INTO attempts (
                sequence, position, number, step, attempt, started_at, ended_at, outcome,
                reason_code, reason_detail, note
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """,
            [
                .integer(row.sequence), .integer(row.position), .integer(row.attemptTotal),
                .integer(attempt.stepIndex), .integer(attempt.attempt),
                .moment(attempt.startedAt), .moment(attempt.endedAt), .text(attempt.outcome),
                .optional(attempt.reason?.code), .optional(attempt.reason?.detail),
                .optional(note),
            ]
        )
        let outdated = row.attemptTotal - Int64(RunProgress.historyCountMax)
        guard outdated > 0 else { return }
        try connection.run(
            """
            DELETE FROM attempts
            WHERE sequence = ?1 AND position = ?2 AND number = ?3 AND outcome <> 'done'
            """,
            [.integer(row.sequence), .integer(row.position), .integer(outdated)]
        )
    }
}
