internal import ReelJournal
internal import ReelRuntime

// The life of runs.
extension JournalTables {
    /// A run as its row holds it.
    struct RunRow {
        let sequence: Int64
        let position: Int64
        var progress: RunProgress
        var attemptTotal: Int64
        let hasCheckpoint: Bool
        let isReady: Bool
    }

    /// How many runs that became due are looked at in one claim.
    private static let promotedCountMax = 10_000

    /// Changes a row that nothing reads and that is as large as deliveries come, so that a disk
    /// with room for a page alone does not pass for one that can take them.
    ///
    /// Sequences begin at 1, so the body of sequence 0 is nobody's.
    func probe() throws(SQLiteFault) {
        try connection.run(
            "REPLACE INTO bodies (sequence, body) VALUES (0, randomblob(65536))",
            []
        )
    }

    func plan(_ sequence: Int64, _ plan: EventPlan) throws(SQLiteFault) {
        let entry = try connection.first(
            """
            SELECT e.video, v.expires_at FROM entries e LEFT JOIN videos v ON v.number = e.video
            WHERE e.sequence = ?1 AND e.state = 0 AND e.is_planned = 0
            """,
            [.integer(sequence)]
        ) { (video: $0.optionalInteger(0), expiresAt: $0.optionalInteger(1)) }
        guard let entry else { return }
        switch plan {
        case .unhandled(let reason):
            try connection.run(
                """
                UPDATE entries SET is_planned = 1, state = ?2, reason_code = ?3, reason_detail = ?4
                WHERE sequence = ?1
                """,
                [
                    .integer(sequence), .integer(EventState.unhandled.code), .text(reason.code),
                    .optional(reason.detail),
                ]
            )
        case .runs(let plans):
            precondition(!plans.isEmpty, "an event that no chain takes is planned as unhandled")
            try connection.run(
                "UPDATE entries SET is_planned = 1 WHERE sequence = ?1",
                [.integer(sequence)]
            )
            for (position, plan) in plans.enumerated() {
                try connection.run(
                    """
                    INSERT INTO runs (
                        sequence, position, chain, state, step, attempts, token, claimable_at,
                        is_ready, urgency, video, attempt_total
                    ) VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 1, ?4, ?5, 0)
                    """,
                    [
                        .integer(sequence), .integer(position), .integer(try number(of: plan)),
                        .integer(entry.expiresAt ?? Self.neverUrgent), .optional(entry.video),
                    ]
                )
            }
        }
    }

    // MARK: Claims

    func claim(_ request: ClaimRequest) throws(SQLiteFault) -> [Claim] {
        try promote(at: request.now)
        let places = try connection.rows(
            """
            SELECT r.sequence, r.position FROM runs r INDEXED BY runs_ready
            WHERE r.is_ready = 1 AND r.claimable_at <= ?1
                AND NOT EXISTS (
                    SELECT 1 FROM runs f INDEXED BY runs_of_video
                    WHERE f.video = r.video AND f.state <= 2 AND f.sequence < r.sequence
                )
                AND NOT EXISTS (
                    SELECT 1 FROM runs w INDEXED BY runs_of_video
                    WHERE w.video = r.video AND w.state <= 2 AND w.state = 1
                        AND w.claimable_at > ?1 AND w.sequence <> r.sequence
                )
            ORDER BY r.urgency, r.sequence, r.position LIMIT ?2
            """,
            [.moment(request.now), .integer(max(request.limit, 0))]
        ) { (sequence: $0.integer(0), position: $0.integer(1)) }
        var claims: [Claim] = []
        for place in places {
            let rows = try runs(of: place.sequence)
            guard var row = rows.first(where: { $0.position == place.position }) else {
                throw .misread
            }
            if let lost = row.progress.claim(at: request.now, leaseUntil: request.leaseUntil) {
                try remember(lost, note: nil, of: &row)
            }
            try write(row, among: rows)
            guard let entry = try entry(place.sequence),
                let claim = Claim(row.progress, of: entry, checkpoint: try checkpoint(of: row))
            else { throw .misread }
            claims.append(claim)
        }
        return claims
    }

    /// Marks what has become claimable by time, so that it is found in the order of urgency.
    private func promote(at moment: Timestamp) throws(SQLiteFault) {
        try connection.run(
            """
            UPDATE runs SET is_ready = 1 WHERE (sequence, position) IN (
                SELECT sequence, position FROM runs INDEXED BY runs_timed
                WHERE is_ready = 0 AND state <= 2 AND claimable_at <= ?1
                ORDER BY claimable_at LIMIT ?2
            )
            """,
            [.moment(moment), .integer(Self.promotedCountMax)]
        )
    }

    func renew(_ claim: Claim, until moment: Timestamp) throws(SQLiteFault) -> Claim? {
        let rows = try runs(of: claim.entry.sequence)
        guard var row = rows.first(where: { $0.progress.isHeld(by: claim) }) else { return nil }
        row.progress.leaseUntil = moment
        try write(row, among: rows)
        return claim.renewed(until: moment)
    }

    func saveCheckpoint(
        _ claim: Claim,
        _ checkpoint: [UInt8]
    ) throws(SQLiteFault) -> Bool {
        let rows = try runs(of: claim.entry.sequence)
        guard let row = rows.first(where: { $0.progress.isHeld(by: claim) }) else { return false }
        try connection.run(
            "UPDATE runs SET checkpoint = ?3 WHERE sequence = ?1 AND position = ?2",
            [.integer(row.sequence), .integer(row.position), .blob(checkpoint)]
        )
        return true
    }

    func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) throws(SQLiteFault) -> SettleOutcome {
        let rows = try runs(of: claim.entry.sequence)
        guard var row = rows.first(where: { $0.progress.isHeld(by: claim) }) else {
            return .fenced
        }
        let attempt = row.progress.settle(
            verdict,
            startedAt: startedAt,
            endedAt: endedAt,
            leaseUntil: leaseUntil
        )
        var note: String?
        if case .done(let kept) = verdict {
            note = kept
            if row.hasCheckpoint {
                try connection.run(
                    "UPDATE runs SET checkpoint = NULL WHERE sequence = ?1 AND position = ?2",
                    [.integer(row.sequence), .integer(row.position)]
                )
            }
        }
        try remember(attempt, note: note, of: &row)
        try write(row, among: rows)
        guard let next = Claim(row.progress, of: claim.entry, checkpoint: nil) else {
            return .released
        }
        return .next(next)
    }

    // MARK: Dead letters

    func retryDead(_ sequence: Int64, at moment: Timestamp) throws(SQLiteFault) -> Bool {
        try changeDead(sequence) { $0.retry(at: moment) }
    }

    func discardDead(
        _ sequence: Int64,
        _ reason: Reason,
        at moment: Timestamp
    ) throws(SQLiteFault) -> Bool {
        try changeDead(sequence) { $0.discard(reason, at: moment) }
    }

    private func changeDead(
        _ sequence: Int64,
        _ change: (inout RunProgress) -> Void
    ) throws(SQLiteFault) -> Bool {
        var rows = try runs(of: sequence)
        var found = false
        for index in rows.indices where rows[index].progress.state == .dead {
            var row = rows[index]
            change(&row.progress)
            try write(row, among: rows)
            rows[index] = row
            found = true
        }
        return found
    }

    // MARK: Rows

    /// The runs of an entry in the order of its plan.
    func runs(of sequence: Int64) throws(SQLiteFault) -> [RunRow] {
        try connection.rows(
            """
            SELECT position, chain, state, step, attempts, token, claimable_at, claimed_at,
                ended_at, attempt_total, reason_code, reason_detail, checkpoint IS NOT NULL,
                is_ready
            FROM runs WHERE sequence = ?1 ORDER BY position
            """,
            [.integer(sequence)]
        ) { (row) throws(SQLiteFault) in
            let state: RunState = try .stored(row.integer(2))
            return RunRow(
                sequence: sequence,
                position: row.integer(0),
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
                isReady: row.integer(13) == 1
            )
        }
    }

    /// Writes a run back, and its entry's state where that has changed by it.
    private func write(_ row: RunRow, among before: [RunRow]) throws(SQLiteFault) {
        try update(row, from: before.first { $0.position == row.position })
        let run = row.progress
        let was = EventState.standing(of: before.map(\.progress))
        let now = EventState.standing(
            of: before.map { $0.position == row.position ? run : $0.progress }
        )
        guard let now, was?.state != now.state || was?.reason != now.reason else { return }
        try connection.run(
            """
            UPDATE entries SET state = ?2, reason_code = ?3, reason_detail = ?4
            WHERE sequence = ?1
            """,
            [
                .integer(row.sequence), .integer(now.state.code), .optional(now.reason?.code),
                .optional(now.reason?.detail),
            ]
        )
    }

    private func update(_ row: RunRow, from before: RunRow?) throws(SQLiteFault) {
        let run = row.progress
        let common: [SQLiteValue] = [
            .integer(row.sequence), .integer(row.position), .integer(run.stepIndex),
            .integer(run.attempts), .integer(run.token), .optional(run.claimableAt),
            .optional(run.claimedAt), .optional(run.endedAt), .integer(row.attemptTotal),
            .optional(run.reason?.code), .optional(run.reason?.detail),
        ]
        if let before, before.progress.state == run.state, !before.isReady {
            // SQLite writes every index anew that speaks of an assigned column, changed or not.
            return try connection.run(
                """
                UPDATE runs SET step = ?3, attempts = ?4, token = ?5, claimable_at = ?6,
                    claimed_at = ?7, ended_at = ?8, attempt_total = ?9, reason_code = ?10,
                    reason_detail = ?11
                WHERE sequence = ?1 AND position = ?2
                """,
                common
            )
        }
        try connection.run(
            """
            UPDATE runs SET step = ?3, attempts = ?4, token = ?5, claimable_at = ?6,
                claimed_at = ?7, ended_at = ?8, attempt_total = ?9, reason_code = ?10,
                reason_detail = ?11, state = ?12, is_ready = 0
            WHERE sequence = ?1 AND position = ?2
            """,
            common + [.integer(run.state.code)]
        )
    }

    private func checkpoint(of row: RunRow) throws(SQLiteFault) -> [UInt8]? {
        guard row.hasCheckpoint else { return nil }
        return try connection.first(
            "SELECT checkpoint FROM runs WHERE sequence = ?1 AND position = ?2",
            [.integer(row.sequence), .integer(row.position)]
        ) { $0.optionalBlob(0) } ?? nil
    }

    private func remember(
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
    }
}
