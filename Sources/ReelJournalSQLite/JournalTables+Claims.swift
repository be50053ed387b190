internal import ReelJournal
internal import ReelRuntime

// Who is given which run.
extension JournalTables {
    /// How many runs that became due are looked at in one claim.
    private static let promotedCountMax = 10_000

    /// A run that can be claimed, by what decides whose turn it is.
    private struct Candidate: Comparable {
        let urgency: Int64
        let sequence: Int64
        let position: Int64
        /// Its place among the entries that are being planned; nil for one that has a row.
        let freshIndex: Int?

        static func < (left: Candidate, right: Candidate) -> Bool {
            (left.urgency, left.sequence, left.position)
                < (right.urgency, right.sequence, right.position)
        }
    }

    func claim(_ request: ClaimRequest) throws(SQLiteFault) -> [Claim] {
        var none: [FreshEntry] = []
        return try claim(request, &none)
    }

    /// Claims among the rows and among what is being planned, which is written as claimed at once.
    func claim(
        _ request: ClaimRequest,
        _ fresh: inout [FreshEntry]
    ) throws(SQLiteFault) -> [Claim] {
        try promote(at: request.now)
        guard request.limit > 0 else { return [] }
        var candidates = try ready(request)
        if !fresh.isEmpty {
            let first = Self.firstSequences(fresh)
            // A row stands behind an earlier entry of its video that is only now being planned.
            if !first.isEmpty, !candidates.isEmpty {
                candidates = try standing(candidates, behind: first)
            }
            for (index, entry) in fresh.enumerated()
            where try isFree(entry, first, at: request.now) {
                for run in entry.runs {
                    candidates.append(
                        Candidate(
                            urgency: run.urgency,
                            sequence: run.sequence,
                            position: run.position,
                            freshIndex: index
                        )
                    )
                }
            }
            candidates.sort()
        }
        var claims: [Claim] = []
        for candidate in candidates.prefix(request.limit) {
            if let index = candidate.freshIndex {
                claims.append(try take(&fresh[index], candidate.position, request))
            } else {
                claims.append(try take(candidate, request))
            }
        }
        return claims
    }

    /// The runs that have rows and can be claimed, in their turn.
    private func ready(_ request: ClaimRequest) throws(SQLiteFault) -> [Candidate] {
        try connection.rows(
            """
            SELECT r.urgency, r.sequence, r.position FROM runs r INDEXED BY runs_ready
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
            [.moment(request.now), .integer(request.limit)]
        ) {
            Candidate(
                urgency: $0.integer(0),
                sequence: $0.integer(1),
                position: $0.integer(2),
                freshIndex: nil
            )
        }
    }

    /// The first sequence that is being planned of each video.
    private static func firstSequences(_ fresh: [FreshEntry]) -> [Int64: Int64] {
        var first: [Int64: Int64] = [:]
        for entry in fresh {
            guard let video = entry.runs.first?.video else { continue }
            first[video] = min(first[video] ?? .max, entry.sequence)
        }
        return first
    }

    /// The candidates that no earlier entry of their video, now being planned, stands before.
    private func standing(
        _ candidates: [Candidate],
        behind first: [Int64: Int64]
    ) throws(SQLiteFault) -> [Candidate] {
        let earliest = first.values.min() ?? .max
        var standing: [Candidate] = []
        for candidate in candidates {
            if candidate.sequence > earliest,
                let video = try runs(of: candidate.sequence).first?.video,
                let other = first[video], other < candidate.sequence
            {
                continue
            }
            standing.append(candidate)
        }
        return standing
    }

    /// Whether nothing of its video stands before an entry that is being planned.
    private func isFree(
        _ entry: FreshEntry,
        _ first: [Int64: Int64],
        at moment: Timestamp
    ) throws(SQLiteFault) -> Bool {
        guard let video = entry.runs.first?.video else { return true }
        guard first[video] == entry.sequence else { return false }
        let obstacle = try connection.first(
            """
            SELECT 1 FROM runs INDEXED BY runs_of_video
            WHERE video = ?1 AND state <= 2
                AND (sequence < ?2 OR (state = 1 AND claimable_at > ?3))
            """,
            [.integer(video), .integer(entry.sequence), .moment(moment)]
        ) { $0.integer(0) }
        return obstacle == nil
    }

    private func take(
        _ fresh: inout FreshEntry,
        _ position: Int64,
        _ request: ClaimRequest
    ) throws(SQLiteFault) -> Claim {
        let index = Int(position)
        guard
            let given = fresh.runs[index].progress.claimable?.claim(
                at: request.now,
                leaseUntil: request.leaseUntil
            )
        else { throw .misread }
        fresh.runs[index].progress = given.run
        fresh.runs[index].isReady = false
        let entry: JournalEntry
        if let known = fresh.entry {
            entry = known
        } else {
            guard let read = try self.entry(fresh.sequence) else { throw .misread }
            entry = read
        }
        let claim = Claim(
            given.run,
            of: entry.standing(.running, nil),
            checkpoint: nil,
            expiresAt: Self.expiry(fresh.runs[index])
        )
        guard let claim else { throw .misread }
        return claim
    }

    private func take(
        _ candidate: Candidate,
        _ request: ClaimRequest
    ) throws(SQLiteFault) -> Claim {
        let rows = try runs(of: candidate.sequence)
        guard var row = rows.first(where: { $0.position == candidate.position }),
            let given = row.progress.claimable?.claim(
                at: request.now,
                leaseUntil: request.leaseUntil
            )
        else { throw .misread }
        row.progress = given.run
        if let lost = given.lost { try remember(lost, note: nil, of: &row) }
        let written = try write(row, among: rows)
        let entry: JournalEntry
        if let known = hot[candidate.sequence]?.entry {
            entry = known
        } else {
            guard let read = try self.entry(candidate.sequence) else { throw .misread }
            entry = read
            keep(read, rows.map { $0.position == written.position ? written : $0 })
        }
        let claim = Claim(
            row.progress,
            of: entry.standing(.running, nil),
            checkpoint: try checkpoint(of: row),
            expiresAt: Self.expiry(row)
        )
        guard let claim else { throw .misread }
        return claim
    }

    /// Marks what has become claimable by time, so that it is found in the order of urgency.
    ///
    /// Mostly nothing is due, which a look at the first costs a fraction of the change to find out.
    private func promote(at moment: Timestamp) throws(SQLiteFault) {
        let first = try connection.first(
            """
            SELECT 1 FROM runs INDEXED BY runs_timed
            WHERE is_ready = 0 AND state <= 2 AND claimable_at <= ?1 LIMIT 1
            """,
            [.moment(moment)]
        ) { $0.integer(0) }
        guard first != nil else { return }
        let promoted = try connection.rows(
            """
            UPDATE runs SET is_ready = 1 WHERE (sequence, position) IN (
                SELECT sequence, position FROM runs INDEXED BY runs_timed
                WHERE is_ready = 0 AND state <= 2 AND claimable_at <= ?1
                ORDER BY claimable_at LIMIT ?2
            ) RETURNING sequence
            """,
            [.moment(moment), .integer(Self.promotedCountMax)]
        ) { $0.integer(0) }
        for sequence in promoted { forget(sequence) }
    }

    static func expiry(_ row: RunRow) -> Timestamp? {
        row.urgency == neverUrgent ? nil : Timestamp(millisecondsSinceEpoch: row.urgency)
    }
}
