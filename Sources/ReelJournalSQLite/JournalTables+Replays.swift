internal import ReelJournal
internal import ReelRuntime

// Replays of stored events.
extension JournalTables {
    /// The newest replays that a list shows, whatever became of them.
    private static let listedCountMax: Int64 = 100

    func begin(_ replay: ReplayJob) throws(SQLiteFault) -> ReplayJob {
        let number = try connection.first(
            """
            INSERT INTO replays (
                filter, rate, last_sequence, matched_count, state, cursor, replayed_count,
                created_at, updated_at
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING number
            """,
            [
                .text(replay.filter), .integer(replay.rate), .integer(replay.lastSequence),
                .integer(replay.matchedCount), .integer(replay.state.code),
                .integer(replay.cursor), .integer(replay.replayedCount),
                .moment(replay.createdAt), .moment(replay.updatedAt),
            ]
        ) { $0.integer(0) }
        guard let number else { throw .misread }
        var stored = replay
        stored.number = number
        return stored
    }

    /// Appends and moves on together, unless the replay was stopped or stands elsewhere.
    func advance(_ advance: ReplayAdvance) throws(SQLiteFault) -> [AppendOutcome]? {
        let state = advance.isDone ? ReplayState.done : .running
        try connection.run(
            """
            UPDATE replays SET cursor = ?3, state = ?4, updated_at = ?5,
                replayed_count = replayed_count + ?6
            WHERE number = ?1 AND cursor = ?2 AND state = ?7
            """,
            [
                .integer(advance.number), .integer(advance.from), .integer(advance.to),
                .integer(state.code), .moment(advance.moment), .integer(advance.drafts.count),
                .integer(ReplayState.running.code),
            ]
        )
        guard connection.changeCount == 1 else { return nil }
        var outcomes: [AppendOutcome] = []
        for draft in advance.drafts { outcomes.append(try append(draft)) }
        return outcomes
    }

    func move(
        _ number: Int64,
        to state: ReplayState,
        at moment: Timestamp
    ) throws(SQLiteFault) -> Bool {
        var moved = false
        for predecessor in state.predecessors {
            try connection.run(
                "UPDATE replays SET state = ?2, updated_at = ?3 WHERE number = ?1 AND state = ?4",
                [
                    .integer(number), .integer(state.code), .moment(moment),
                    .integer(predecessor.code),
                ]
            )
            if connection.changeCount == 1 { moved = true }
        }
        return moved
    }

    func replays() throws(SQLiteFault) -> [ReplayJob] {
        try connection.rows(
            """
            SELECT number, filter, rate, last_sequence, matched_count, state, cursor,
                replayed_count, created_at, updated_at
            FROM replays WHERE state <> ?2 OR number IN (
                SELECT number FROM replays ORDER BY number DESC LIMIT ?1
            ) ORDER BY number DESC
            """,
            [.integer(Self.listedCountMax), .integer(ReplayState.done.code)],
            Self.replay
        )
    }

    func replay(_ number: Int64) throws(SQLiteFault) -> ReplayJob? {
        try connection.first(
            """
            SELECT number, filter, rate, last_sequence, matched_count, state, cursor,
                replayed_count, created_at, updated_at
            FROM replays WHERE number = ?1
            """,
            [.integer(number)],
            Self.replay
        )
    }

    private static func replay(_ row: borrowing Statement) throws(SQLiteFault) -> ReplayJob {
        ReplayJob(
            number: row.integer(0),
            filter: row.text(1),
            rate: Int(row.integer(2)),
            lastSequence: row.integer(3),
            matchedCount: row.integer(4),
            state: try .stored(row.integer(5)),
            cursor: row.integer(6),
            replayedCount: row.integer(7),
            createdAt: row.moment(8),
            updatedAt: row.moment(9)
        )
    }
}
