internal import ReelJournal
internal import ReelRuntime

// Circuit breakers, and who waits behind them.
extension JournalTables {
    func record(_ news: BreakerRecord) throws(SQLiteFault) {
        let known = try connection.first(
            "SELECT state FROM breakers WHERE target = ?1",
            [.text(news.target)]
        ) { (row) throws(SQLiteFault) -> BreakerState in try .stored(row.integer(0)) }
        let breaker = news.kept(after: known)
        try connection.run(
            """
            REPLACE INTO breakers (
                target, state, failure_count, reason_code, reason_detail, changed_at, probe_at
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """,
            [
                .text(breaker.target), .integer(breaker.state.code),
                .integer(breaker.failureCount), .optional(breaker.reason?.code),
                .optional(breaker.reason?.detail), .moment(breaker.changedAt),
                .optional(breaker.probeAt),
            ]
        )
        guard breaker.state == .closed else { return }
        let released = try connection.rows(
            """
            UPDATE runs INDEXED BY runs_timed SET claimable_at = ?1
            WHERE is_ready = 0 AND state <= 2 AND state = 2 AND claimable_at > ?1
                AND reason_code = ?2 AND reason_detail = ?3
            RETURNING sequence
            """,
            [
                .moment(breaker.changedAt), .text(BreakerRecord.waitingCode),
                .text(breaker.target),
            ]
        ) { $0.integer(0) }
        for sequence in released { forget(sequence) }
    }

    func breakers() throws(SQLiteFault) -> [BreakerRecord] {
        try connection.rows(
            """
            SELECT target, state, failure_count, reason_code, reason_detail, changed_at, probe_at
            FROM breakers ORDER BY target
            """
        ) { (row) throws(SQLiteFault) in
            BreakerRecord(
                target: row.text(0),
                state: try .stored(row.integer(1)),
                failureCount: Int(row.integer(2)),
                reason: row.reason(3),
                changedAt: row.moment(5),
                probeAt: row.optionalMoment(6)
            )
        }
    }
}
