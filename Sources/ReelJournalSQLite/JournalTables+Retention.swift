internal import ReelJournal
internal import ReelRuntime

// What is deleted for its age.
//
// A reader, which holds nobody up, finds what is to go; the writer looks at each of them again by
// its key alone, and deletes it.
extension JournalTables {
    /// What a reader found in a piece of the walk.
    struct Prunable: Sendable {
        var keys: [Int64] = []
        /// Where the walk goes on; nil at its end.
        var next: Int64?
    }

    /// Bytes of bodies that are deleted in one piece, but for a first one that is longer.
    private static let bodyByteCountMax: Int64 = 1 << 20

    func prunable(_ request: PruneRequest) throws(SQLiteFault) -> Prunable {
        switch request.subject {
        case .entries(let state): try prunableEntries(state, request)
        case .videos:
            try prunable(
                """
                SELECT v.number, \(Self.isOverVideo), coalesce(v.first_seen_at, 0) >= ?2
                FROM videos v WHERE v.number > ?1 ORDER BY v.number LIMIT ?3
                """,
                request
            )
        case .replays:
            try prunable(
                """
                SELECT r.number, \(Self.isOverReplay), r.created_at >= ?2 FROM replays r
                WHERE r.number > ?1 ORDER BY r.number LIMIT ?3
                """,
                request
            )
        }
    }

    /// The rows of a query that gives keys in their order, whether each is to go, and whether those
    /// that came after it are too young.
    private func prunable(
        _ query: String,
        _ request: PruneRequest
    ) throws(SQLiteFault) -> Prunable {
        let rows = try connection.rows(
            composed: query,
            [.integer(request.cursor), .moment(request.before), .integer(request.limit)]
        ) { (key: $0.integer(0), isOver: $0.integer(1) == 1, isYoung: $0.integer(2) == 1) }
        guard let last = rows.last else { return Prunable() }
        return Prunable(
            keys: rows.filter(\.isOver).map(\.key),
            next: rows.count < request.limit || last.isYoung ? nil : last.key
        )
    }

    private func prunableEntries(
        _ state: EventState,
        _ request: PruneRequest
    ) throws(SQLiteFault) -> Prunable {
        guard state.span != nil else { return Prunable() }
        var query = EntryQuery()
        query.states = [state]
        query.after = request.cursor
        query.receivedTo = request.before
        query.order = .oldestFirst
        query.limit = request.limit
        let sequences = try sequences(of: query)
        var found = Prunable(next: sequences.count < request.limit ? nil : sequences.last)
        var byteCount: Int64 = 0
        for sequence in sequences where try isOver(sequence, request) {
            byteCount +=
                try connection.first(
                    "SELECT length(body) FROM bodies WHERE sequence = ?1",
                    [.integer(sequence)]
                ) { $0.integer(0) } ?? 0
            guard byteCount <= Self.bodyByteCountMax || found.keys.isEmpty else {
                found.next = found.keys.last
                break
            }
            found.keys.append(sequence)
        }
        return found
    }

    /// Deletes what is still to go of what a reader found.
    ///
    /// - Returns: How much that was.
    func prune(_ found: Prunable, _ request: PruneRequest) throws(SQLiteFault) -> Int {
        var count = 0
        for key in found.keys where try isOver(key, request) {
            try delete(key, request.subject)
            count += 1
        }
        if count > 0, case .entries = request.subject { try deleteEmptySpans() }
        return count
    }

    private func isOver(_ key: Int64, _ request: PruneRequest) throws(SQLiteFault) -> Bool {
        var values: [SQLiteValue] = [.integer(key), .moment(request.before)]
        let look: String
        switch request.subject {
        case .entries(let state):
            values.append(.integer(state.code))
            look = """
                SELECT 1 FROM entries e
                WHERE e.sequence = ?1 AND e.state = ?3 AND \(Self.isOverEntry)
                """
        case .videos:
            look = "SELECT 1 FROM videos v WHERE v.number = ?1 AND \(Self.isOverVideo)"
        case .replays:
            look = "SELECT 1 FROM replays r WHERE r.number = ?1 AND \(Self.isOverReplay)"
        }
        return try !connection.rows(composed: look, values) { _ in true }.isEmpty
    }

    /// That an entry and all its runs ended before ?2.
    private static let isOverEntry = """
        e.received_at < ?2 AND NOT EXISTS (
            SELECT 1 FROM runs r WHERE r.sequence = e.sequence
                AND (r.state <= 2 OR r.ended_at IS NULL OR r.ended_at >= ?2)
        )
        """

    /// That nothing was heard of a video since ?2, and that no entry and no file is left of it.
    private static let isOverVideo = """
        v.state IS NOT 0 AND v.removal_state IS NOT 0 AND coalesce(v.updated_at, 0) < ?2
        AND NOT EXISTS (
            SELECT 1 FROM entries e INDEXED BY entries_by_video WHERE e.video = v.number
        ) AND NOT EXISTS (
            SELECT 1 FROM assets a WHERE a.video = v.number
                AND (a.state IN (3, 6) OR a.updated_at >= ?2)
        )
        """

    /// That a replay came to its end before ?2; the last one stays, so that the next counts on.
    private static let isOverReplay = """
        r.state = 2 AND r.updated_at < ?2 AND r.number < (SELECT max(number) FROM replays)
        """

    private func delete(_ key: Int64, _ subject: PruneRequest.Subject) throws(SQLiteFault) {
        switch subject {
        case .entries:
            forget(key)
            try raiseFloor(to: key)
            for statement in Self.entryDeletions { try connection.run(statement, [.integer(key)]) }
        case .videos:
            for statement in Self.videoDeletions { try connection.run(statement, [.integer(key)]) }
        case .replays:
            try connection.run("DELETE FROM replays WHERE number = ?1", [.integer(key)])
        }
    }

    private static let entryDeletions: [StaticString] = [
        "DELETE FROM attempts WHERE sequence = ?1",
        "DELETE FROM runs WHERE sequence = ?1",
        "DELETE FROM bodies WHERE sequence = ?1",
        "DELETE FROM entries WHERE sequence = ?1",
    ]

    private static let videoDeletions: [StaticString] = [
        "DELETE FROM assets WHERE video = ?1",
        "DELETE FROM objects WHERE video = ?1",
        "DELETE FROM videos WHERE number = ?1",
    ]

    /// Remembers the highest sequence when its entry goes, so that it is never given out again.
    private func raiseFloor(to sequence: Int64) throws(SQLiteFault) {
        let isLast = try connection.first(
            "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM entries WHERE sequence > ?1)",
            [.integer(sequence)]
        ) { _ in true }
        guard isLast != nil else { return }
        try connection.run(
            """
            INSERT INTO marks (name, value) VALUES ('sequence_floor', ?1)
            ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
            """,
            [.integer(sequence)]
        )
    }

    // MARK: The clock

    func record(_ clock: ClockRecord) throws(SQLiteFault) {
        let marks: [(String, SQLiteValue?)] = [
            ("clock_trusted_at", .moment(clock.trustedAt)),
            ("clock_seen_at", .moment(clock.seenAt)),
            ("clock_doubted_ms", clock.doubtedFor.map { .integer($0.wholeMilliseconds) }),
        ]
        for (name, value) in marks {
            if let value {
                try connection.run(
                    "REPLACE INTO marks (name, value) VALUES (?1, ?2)",
                    [.text(name), value]
                )
            } else {
                try connection.run("DELETE FROM marks WHERE name = ?1", [.text(name)])
            }
        }
    }

    func clockRecord() throws(SQLiteFault) -> ClockRecord? {
        let marks = try connection.rows("SELECT name, value FROM marks WHERE name LIKE 'clock_%'") {
            (name: $0.text(0), value: $0.integer(1))
        }
        func value(_ name: String) -> Int64? { marks.first { $0.name == name }?.value }
        guard let trustedAt = value("clock_trusted_at"), let seenAt = value("clock_seen_at")
        else { return nil }
        return ClockRecord(
            trustedAt: Timestamp(millisecondsSinceEpoch: trustedAt),
            seenAt: Timestamp(millisecondsSinceEpoch: seenAt),
            doubtedFor: value("clock_doubted_ms").map { .milliseconds($0) }
        )
    }

    // MARK: Space

    /// What the database file has, in bytes.
    struct Space: Sendable {
        let byteCount: Int64
        /// Of pages that nothing uses.
        let spareByteCount: Int64
    }

    func space() throws(SQLiteFault) -> Space {
        let size = Int64(connection.pageByteCount)
        return Space(
            byteCount: try connection.number("PRAGMA page_count") * size,
            spareByteCount: try connection.number("PRAGMA freelist_count") * size
        )
    }

    /// Gives pages that nothing uses back, but for what is kept for the next entries.
    func reclaim(atMost pageCount: Int, keeping kept: Int64) throws(SQLiteFault) -> ReclaimOutcome {
        let whole = ReclaimOutcome(freedByteCount: 0, isComplete: true)
        // SQLite's name for INCREMENTAL; a journal of an earlier version may have none.
        guard try connection.number("PRAGMA auto_vacuum") == 2 else { return whole }
        let before = try space()
        let size = Int64(connection.pageByteCount)
        let excess = (before.spareByteCount - max(kept, before.byteCount / 16)) / size
        guard excess > 0 else { return whole }
        let count = min(Int64(max(pageCount, 1)), excess)
        try connection.execute("PRAGMA incremental_vacuum(\(count))")
        return ReclaimOutcome(
            freedByteCount: before.byteCount - (try space()).byteCount,
            isComplete: count == excess
        )
    }

    /// Deletes the spans of the blocks before the first that has an entry.
    private func deleteEmptySpans() throws(SQLiteFault) {
        let first = try connection.first("SELECT min(sequence) FROM entries") {
            $0.optionalInteger(0)
        }
        guard let first, let first else { return }
        try connection.run(
            "DELETE FROM spans WHERE block < ?1",
            [.integer(first >> Self.blockShift)]
        )
    }
}
