internal import ReelJournal
internal import ReelRuntime

// The life of runs: rounds, plans and verdicts.
extension JournalTables {
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

    /// Records verdicts, makes plans and claims runs, in that order.
    func advance(_ round: DispatchRound) throws(SQLiteFault) -> RoundOutcome {
        var outcome = RoundOutcome()
        outcome.settled.reserveCapacity(round.settlements.count)
        for settlement in round.settlements {
            outcome.settled.append(
                try settle(
                    settlement.claim,
                    settlement.verdict,
                    startedAt: settlement.startedAt,
                    endedAt: settlement.endedAt,
                    leaseUntil: round.leaseUntil
                )
            )
        }
        var fresh: [FreshEntry] = []
        for planned in round.plans {
            let sequence = planned.entry.sequence
            if let entry = try outline(sequence, planned.entry, planned.plan) {
                fresh.append(entry)
            }
        }
        if let request = round.claim(after: outcome.settled) {
            outcome.claims = try claim(request, &fresh)
        }
        for entry in fresh { try begin(entry) }
        return outcome
    }

    func plan(_ sequence: Int64, _ plan: EventPlan) throws(SQLiteFault) {
        guard let entry = try outline(sequence, nil, plan) else { return }
        try begin(entry)
    }

    /// What a plan makes of an entry, not yet written; nil when it has been planned before, or is
    /// set aside now.
    private func outline(
        _ sequence: Int64,
        _ entry: JournalEntry?,
        _ plan: EventPlan
    ) throws(SQLiteFault) -> FreshEntry? {
        let found = try connection.first(
            """
            SELECT e.video, v.expires_at FROM entries e LEFT JOIN videos v ON v.number = e.video
            WHERE e.sequence = ?1 AND e.state = 0 AND e.is_planned = 0
            """,
            [.integer(sequence)]
        ) { (video: $0.optionalInteger(0), expiresAt: $0.optionalInteger(1)) }
        guard let found else { return nil }
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
            return nil
        case .runs(let plans):
            let runs = try runs(plans, of: sequence, found.video, found.expiresAt)
            return FreshEntry(sequence: sequence, entry: entry, runs: runs)
        }
    }

    /// The runs that an entry begins with, not yet written.
    func runs(
        _ plans: [RunPlan],
        of sequence: Int64,
        _ video: Int64?,
        _ expiresAt: Int64?
    ) throws(SQLiteFault) -> [RunRow] {
        precondition(!plans.isEmpty, "an event that no chain takes is planned as unhandled")
        var runs: [RunRow] = []
        for run in plans.flatMap({ RunProgress.first(of: $0) }) {
            runs.append(
                try fresh(
                    run,
                    of: sequence,
                    at: runs.count,
                    urgency: expiresAt ?? Self.neverUrgent,
                    video: video
                )
            )
        }
        return runs
    }

    /// Writes a planned entry and its runs, where they stand by now.
    private func begin(_ fresh: FreshEntry) throws(SQLiteFault) {
        let state = EventState.standing(of: fresh.runs.map(\.progress))?.state ?? .pending
        if state == .pending {
            // Only the one index is written anew whose columns are named.
            try connection.run(
                "UPDATE entries SET is_planned = 1 WHERE sequence = ?1",
                [.integer(fresh.sequence)]
            )
        } else {
            try connection.run(
                "UPDATE entries SET is_planned = 1, state = ?2 WHERE sequence = ?1",
                [.integer(fresh.sequence), .integer(state.code)]
            )
        }
        for run in fresh.runs { try insert(run) }
        keep(fresh.entry, fresh.runs)
    }

    // MARK: Held runs

    func renew(_ claim: Claim, until moment: Timestamp) throws(SQLiteFault) -> Claim? {
        guard let (before, rows, held) = try held(claim) else { return nil }
        var row = before
        row.progress = held.renewed(until: moment)
        try write(row, among: rows)
        return claim.renewed(until: moment)
    }

    func saveCheckpoint(
        _ claim: Claim,
        _ checkpoint: [UInt8]
    ) throws(SQLiteFault) -> Bool {
        guard let (row, _, _) = try held(claim) else { return false }
        try connection.run(
            "UPDATE runs SET checkpoint = ?3 WHERE sequence = ?1 AND position = ?2",
            [.integer(row.sequence), .integer(row.position), .blob(checkpoint)]
        )
        forget(row.sequence)
        return true
    }

    func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) throws(SQLiteFault) -> SettleOutcome {
        guard let (before, rows, held) = try held(claim) else { return .fenced }
        var row = before
        let settled = held.settled(
            verdict,
            startedAt: startedAt,
            endedAt: endedAt,
            leaseUntil: leaseUntil
        )
        row.progress = settled.run
        var note: String?
        if case .done(let kept) = verdict {
            note = kept
            if row.hasCheckpoint {
                try connection.run(
                    "UPDATE runs SET checkpoint = NULL WHERE sequence = ?1 AND position = ?2",
                    [.integer(row.sequence), .integer(row.position)]
                )
                row.hasCheckpoint = false
            }
        }
        if let attempt = settled.attempt { try remember(attempt, note: note, of: &row) }
        try write(row, among: rows + (try begin(after: row, among: rows)))
        let next = Claim(
            row.progress,
            of: claim.entry,
            checkpoint: nil,
            expiresAt: Self.expiry(row)
        )
        return next.map { .next($0) } ?? .released
    }

    /// Begins the runs that come after one, if it was the last that they waited for.
    private func begin(after row: RunRow, among rows: [RunRow]) throws(SQLiteFault) -> [RunRow] {
        var begun: [RunRow] = []
        for run in row.progress.followers(among: rows.map(\.progress)) {
            let follower = try fresh(
                run,
                of: row.sequence,
                at: rows.count + begun.count,
                urgency: row.urgency,
                video: row.video
            )
            try insert(follower)
            begun.append(follower)
        }
        return begun
    }

    private func held(
        _ claim: Claim
    ) throws(SQLiteFault) -> (row: RunRow, rows: [RunRow], held: RunProgress.Held)? {
        let rows = try runs(of: claim.entry.sequence)
        for row in rows {
            if let held = row.progress.held(by: claim) { return (row, rows, held) }
        }
        return nil
    }

    /// Takes claims back of which nobody heard: they wait as if they had not been given.
    func takeBack(
        _ unheard: [UnheardClaims.Claimed],
        at moment: Timestamp
    ) throws(SQLiteFault) {
        for claimed in unheard {
            let rows = try runs(of: claimed.sequence)
            let known = rows.first {
                $0.progress.plan.chain == claimed.chain
                    && $0.progress.line.lowerBound == claimed.firstStep
            }
            guard var row = known,
                let held = row.progress.held(from: claimed.token, step: claimed.step)
            else { continue }
            row.progress =
                held.settled(
                    .hold(until: moment, Self.unheardReason),
                    startedAt: moment,
                    endedAt: moment,
                    leaseUntil: moment
                ).run
            try write(row, among: rows)
        }
    }

    private static let unheardReason = Reason(
        "journal_failed",
        "the journal failed when this step was begun"
    )

    // MARK: Dead letters

    func retryDead(_ sequence: Int64, at moment: Timestamp) throws(SQLiteFault) -> Bool {
        try changeDead(sequence) { $0.retried(at: moment) }
    }

    func discardDead(
        _ sequence: Int64,
        _ reason: Reason,
        at moment: Timestamp
    ) throws(SQLiteFault) -> Bool {
        try changeDead(sequence) { $0.discarded(reason, at: moment) }
    }

    private func changeDead(
        _ sequence: Int64,
        _ change: (RunProgress.DeadLetter) -> RunProgress
    ) throws(SQLiteFault) -> Bool {
        var rows = try runs(of: sequence)
        var found = false
        for index in rows.indices {
            guard let letter = rows[index].progress.deadLetter else { continue }
            var row = rows[index]
            row.progress = change(letter)
            rows[index] = try write(row, among: rows)
            found = true
        }
        return found
    }
}
