internal import ReelJournal
internal import ReelRuntime

// Whether the tables agree with each other.
extension JournalTables {
    /// Whose rows are compared, one after the other, with all that belongs to them.
    enum Compared: CaseIterable {
        case entries
        case videos
    }

    /// What a piece of a comparison found, and after which key the next begins; nil at the end.
    struct ContradictionPiece: Sendable {
        let found: [JournalContradiction]
        let last: Int64?
    }

    /// A query for places, at most ?1 of them, that must not be after key ?2 up to key ?3.
    private struct Rule {
        let message: String
        let query: StaticString
    }

    /// Compares the rows of the entries or videos after one.
    ///
    /// A piece is short, since a reader keeps the write-ahead log from being begun anew.
    func contradictions(
        of compared: Compared,
        after last: Int64,
        rowCount: Int,
        limit: Int
    ) throws(SQLiteFault) -> ContradictionPiece {
        let query: StaticString =
            switch compared {
            case .entries:
                "SELECT sequence FROM entries WHERE sequence > ?1 ORDER BY 1 LIMIT 1 OFFSET ?2"
            case .videos:
                "SELECT number FROM videos WHERE number > ?1 ORDER BY 1 LIMIT 1 OFFSET ?2"
            }
        let end = try connection.first(
            query,
            [.integer(last), .integer(max(rowCount, 1) - 1)]
        ) { $0.integer(0) }
        let range: [SQLiteValue] = [.integer(last), .integer(end ?? .max)]
        var found: [JournalContradiction] = []
        for rule in compared == .entries ? Self.entryRules : Self.videoRules {
            found += try connection.rows(rule.query, [.integer(max(limit, 1))] + range) {
                JournalContradiction(place: $0.text(0), message: rule.message)
            }
        }
        if compared == .entries { found += try unbegunRuns(range) }
        return ContradictionPiece(found: found, last: end)
    }

    // MARK: Runs

    /// Entries of which a run is to have begun and has not; that of a replayed one begins with its
    /// replay.
    private func unbegunRuns(
        _ range: [SQLiteValue]
    ) throws(SQLiteFault) -> [JournalContradiction] {
        // A run of no chain has a rule of its own.
        let rows = try connection.rows(
            """
            SELECT r.sequence, r.chain, r.state, r.step FROM runs r
            CROSS JOIN chains c ON c.number = r.chain
            WHERE r.sequence > ?1 AND r.sequence <= ?2 ORDER BY r.sequence, r.position
            """,
            range
        ) { (row) throws(SQLiteFault) in
            let run = RunProgress(
                plan: try self.plan(row.integer(1)),
                state: try .stored(row.integer(2)),
                from: Int(row.integer(3))
            )
            return (sequence: row.integer(0), run: run)
        }
        var found: [JournalContradiction] = []
        var rest = rows[...]
        while let sequence = rest.first?.sequence {
            let runs = rest.prefix { $0.sequence == sequence }
            rest = rest.dropFirst(runs.count)
            guard let missing = RunProgress.missing(among: runs.map(\.run)).first,
                try !isReplayed(sequence)
            else { continue }
            found.append(
                JournalContradiction(
                    place: "entry \(sequence)",
                    message: "step \(missing.stepName) of chain \(missing.plan.chain) never began,"
                        + " though what comes before it is done",
                    remedy: .replay(sequence: sequence)
                )
            )
        }
        return found
    }

    private func isReplayed(_ sequence: Int64) throws(SQLiteFault) -> Bool {
        try connection.first(
            """
            SELECT 1 FROM entries e CROSS JOIN entries r INDEXED BY entries_by_kind
                ON r.type IS e.type AND r.origin = ?2 AND r.related = e.sequence
            WHERE e.sequence = ?1
            """,
            [.integer(sequence), .integer(EntryOrigin.replay.code)]
        ) { _ in true } ?? false
    }

    // MARK: Keys

    /// Looks for the entries after one as an append looks for a `webhook-id` that came before.
    ///
    /// The keys of those after the last run are read from their rows.
    func misplacedKeys(
        after sequence: Int64,
        rowCount: Int
    ) throws(SQLiteFault) -> ContradictionPiece {
        let table = KeyRunTable(connection: connection)
        let runs = try table.runs(.live)
        let hash = try table.hash()
        let rows = try connection.rows(
            """
            SELECT sequence, webhook_id, event_id FROM entries
            WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3
            """,
            [
                .integer(sequence), .integer(runs.first?.lastSequence ?? 0),
                .integer(max(rowCount, 1)),
            ]
        ) { (sequence: $0.integer(0), webhook: $0.optionalText(1), event: $0.optionalText(2)) }
        var found: [JournalContradiction] = []
        for row in rows {
            let runs = runs.filter { $0.sequences.contains(row.sequence) }
            func isLost(_ id: String?, _ kind: KeyRun.Kind) throws(SQLiteFault) -> Bool {
                guard let id else { return false }
                let key = HashedKey(hash: hash.of(id), sequence: row.sequence)
                for run in runs where try table.finds(key, kind, in: run) { return false }
                return true
            }
            var wrong: [String] = []
            if try isLost(row.webhook, .webhook) {
                wrong.append("is not found by its webhook-id: sent again, it is taken for new")
            }
            if try isLost(row.event, .event) { wrong.append("is not found by its event id") }
            found += wrong.map {
                JournalContradiction(
                    place: "entry \(row.sequence)",
                    message: $0,
                    remedy: .newKeys
                )
            }
        }
        return ContradictionPiece(found: found, last: rows.last?.sequence)
    }
}

// MARK: Rules

extension JournalTables {
    // A table that something was taken from on purpose must not trip a rule: an end of a video
    // outlives its entry. Sequence 0 is nobody's: see `probe`.
    private static let entryRules: [Rule] = [
        Rule(
            message: "has no body",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e
                WHERE e.sequence > ?2 AND e.sequence <= ?3
                    AND NOT EXISTS (SELECT 1 FROM bodies b WHERE b.sequence = e.sequence)
                LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no entry",
            query: """
                SELECT 'body ' || b.sequence FROM bodies b
                WHERE b.sequence > ?2 AND b.sequence <= ?3 AND b.sequence <> 0
                    AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.sequence = b.sequence)
                LIMIT ?1
                """
        ),
        Rule(
            message: "names a source, provider, type or video that is not there",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e
                WHERE e.sequence > ?2 AND e.sequence <= ?3 AND (
                    NOT EXISTS (SELECT 1 FROM words w WHERE w.number = e.source)
                    OR NOT EXISTS (SELECT 1 FROM words w WHERE w.number = e.provider)
                    OR (e.type IS NOT NULL
                        AND NOT EXISTS (SELECT 1 FROM words w WHERE w.number = e.type))
                    OR (e.video IS NOT NULL
                        AND NOT EXISTS (SELECT 1 FROM videos v WHERE v.number = e.video))
                ) LIMIT ?1
                """
        ),
        Rule(
            message: "speaks of an entry that came after it",
            query: """
                SELECT 'entry ' || sequence FROM entries
                WHERE sequence > ?2 AND sequence <= ?3 AND related >= sequence LIMIT ?1
                """
        ),
        Rule(
            message: "has a state that its runs do not lead to",
            query: """
                SELECT 'entry ' || e.sequence FROM (
                    SELECT sequence, CASE
                        WHEN max(state = 1) THEN 1
                        WHEN max(state = 2) THEN 2
                        WHEN max(state = 0) THEN CASE WHEN min(state = 0) THEN 0 ELSE 1 END
                        WHEN max(state = 4) THEN 4
                        WHEN max(state = 5) THEN 5
                        ELSE 3 END AS state
                    FROM runs WHERE sequence > ?2 AND sequence <= ?3 GROUP BY sequence
                ) r CROSS JOIN entries e ON e.sequence = r.sequence
                WHERE e.state <> r.state LIMIT ?1
                """
        ),
        Rule(
            message: "has a state that only runs lead to, and no run",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e
                WHERE e.sequence > ?2 AND e.sequence <= ?3 AND e.state BETWEEN 1 AND 5
                    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.sequence = e.sequence)
                LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no entry, or to no chain",
            query: """
                SELECT 'run ' || r.sequence || '/' || r.position FROM runs r
                WHERE r.sequence > ?2 AND r.sequence <= ?3 AND (
                    NOT EXISTS (SELECT 1 FROM entries e WHERE e.sequence = r.sequence)
                    OR NOT EXISTS (SELECT 1 FROM chains c WHERE c.number = r.chain)
                ) LIMIT ?1
                """
        ),
        Rule(
            message: "has another last attempt than it counted",
            query: """
                SELECT 'run ' || r.sequence || '/' || r.position FROM runs r
                WHERE r.sequence > ?2 AND r.sequence <= ?3 AND r.attempt_total <> (
                    SELECT coalesce(max(a.number), 0) FROM attempts a
                    WHERE a.sequence = r.sequence AND a.position = r.position
                ) LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no run",
            query: """
                SELECT 'attempt ' || a.sequence || '/' || a.position || '/' || a.number
                FROM attempts a WHERE a.sequence > ?2 AND a.sequence <= ?3 AND NOT EXISTS (
                    SELECT 1 FROM runs r
                    WHERE r.sequence = a.sequence AND r.position = a.position
                ) LIMIT ?1
                """
        ),
    ]

    private static let videoRules: [Rule] = [
        Rule(
            message: "has an end without its entry's sequence, or an entry of another video",
            query: """
                SELECT 'video ' || v.id FROM videos v
                LEFT JOIN entries e ON e.sequence = v.fact_sequence
                WHERE v.number > ?2 AND v.number <= ?3 AND (
                    (v.terminal IS NULL) <> (v.fact_sequence IS NULL)
                    OR (e.sequence IS NOT NULL AND e.video IS NOT v.number)
                ) LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no video, or is stored without a hash and a place of its own",
            query: """
                SELECT 'file ' || coalesce(v.id, a.video) || ' ' || a.variant
                FROM assets a LEFT JOIN videos v ON v.number = a.video
                WHERE a.video > ?2 AND a.video <= ?3 AND (v.number IS NULL OR (a.state = 3 AND (
                    length(a.sha256) IS NOT 64
                    OR a.location IS NULL OR substr(a.location, 1, length(v.id) + 1) <> v.id || '/'
                ))) LIMIT ?1
                """
        ),
    ]
}
