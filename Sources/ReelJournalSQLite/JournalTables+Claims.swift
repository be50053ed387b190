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
        for (target, count) in request.calls {
            try call(count, waitingFor: target, at: request.now)
        }
        guard request.limit > 0 else { return [] }
        var candidates = try ready(request)
        if !fresh.isEmpty {
            let obstacles = FreshObstacles(fresh)
            if !obstacles.isEmpty, !candidates.isEmpty {
                candidates = try standing(candidates, behind: obstacles)
            }
            for (index, entry) in fresh.enumerated() {
                for run in entry.runs where try isFree(run, obstacles, at: request.now) {
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
                        AND (f.lane IS NULL OR f.lane = r.lane)
                )
                AND NOT EXISTS (
                    SELECT 1 FROM runs w INDEXED BY runs_of_video
                    WHERE w.video = r.video AND w.state <= 2 AND w.state = 1
                        AND w.claimable_at > ?1 AND w.sequence <> r.sequence
                        AND w.lane IS r.lane
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

    /// The first sequence that is being planned of each video, by lane.
    ///
    /// A run in a lane stands before those of later events in the same lane, any other before all.
    private struct FreshObstacles {
        private struct Lane: Hashable {
            let video: Int64
            let lane: Int64?
        }

        private var first: [Lane: Int64] = [:]
        private var earliest = Int64.max

        init(_ fresh: [FreshEntry]) {
            for run in fresh.lazy.flatMap(\.runs) {
                guard let video = run.video else { continue }
                let lane = Lane(video: video, lane: run.lane)
                first[lane] = min(first[lane] ?? .max, run.sequence)
                earliest = min(earliest, run.sequence)
            }
        }

        var isEmpty: Bool { first.isEmpty }

        /// Whether something that is being planned may stand before an entry.
        func mayStandBefore(_ sequence: Int64) -> Bool { earliest < sequence }

        func standBefore(_ run: RunRow) -> Bool {
            guard let video = run.video else { return false }
            return [nil, run.lane].contains { lane in
                first[Lane(video: video, lane: lane)].map { $0 < run.sequence } ?? false
            }
        }
    }

    /// The candidates that no earlier entry of their video, now being planned, stands before.
    private func standing(
        _ candidates: [Candidate],
        behind obstacles: FreshObstacles
    ) throws(SQLiteFault) -> [Candidate] {
        var standing: [Candidate] = []
        for candidate in candidates {
            if obstacles.mayStandBefore(candidate.sequence),
                let row = try runs(of: candidate.sequence).first(where: {
                    $0.position == candidate.position
                }),
                obstacles.standBefore(row)
            {
                continue
            }
            standing.append(candidate)
        }
        return standing
    }

    /// Whether nothing of its video stands before a run that is being planned.
    private func isFree(
        _ run: RunRow,
        _ obstacles: FreshObstacles,
        at moment: Timestamp
    ) throws(SQLiteFault) -> Bool {
        guard let video = run.video else { return true }
        guard !obstacles.standBefore(run) else { return false }
        let obstacle = try connection.first(
            """
            SELECT 1 FROM runs INDEXED BY runs_of_video
            WHERE video = ?1 AND state <= 2 AND (
                (sequence < ?2 AND (lane IS NULL OR lane = ?4))
                OR (state = 1 AND claimable_at > ?3 AND lane IS ?4)
            )
            """,
            [
                .integer(video), .integer(run.sequence), .moment(moment), .optional(run.lane),
            ]
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

    /// Lets those that wait for their turn at a target be claimed, in their order; the code is
    /// `ClaimRequest.turnCode`.
    static let callStatement: StaticString = """
        UPDATE runs SET is_ready = 1, claimable_at = ?1 WHERE (sequence, position) IN (
            SELECT sequence, position FROM runs INDEXED BY runs_in_turn
            WHERE is_ready = 0 AND state = 2 AND reason_code = 'waiting_for_turn'
                AND reason_detail = ?2
            ORDER BY urgency, sequence, position LIMIT ?3
        ) RETURNING sequence
        """

    private func call(
        _ count: Int,
        waitingFor target: String,
        at moment: Timestamp
    ) throws(SQLiteFault) {
        let called = try connection.rows(
            Self.callStatement,
            [.moment(moment), .text(target), .integer(count)]
        ) { $0.integer(0) }
        for sequence in called { forget(sequence) }
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
