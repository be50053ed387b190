internal import ReelJournal

// What the tables say of themselves, and of the files beside them.
extension JournalTables {
    // MARK: Files

    func filedVideos(after number: Int64, limit: Int) throws(SQLiteFault) -> [FiledVideo] {
        let numbers = try connection.rows(
            "SELECT DISTINCT video FROM assets WHERE video > ?1 ORDER BY video LIMIT ?2",
            [.integer(number), .integer(max(limit, 1))]
        ) { $0.integer(0) }
        return try filedVideos(numbers)
    }

    /// Those of a name, also without a record of a file.
    func videos(named id: VideoID) throws(SQLiteFault) -> [FiledVideo] {
        let numbers = try connection.rows(
            "SELECT number FROM videos INDEXED BY videos_by_id WHERE id_key = ?1 AND id = ?2",
            [.integer(LookupKey.of(id.rawValue)), .text(id.rawValue)]
        ) { $0.integer(0) }
        return try filedVideos(numbers)
    }

    /// The videos of those numbers; one that has no row is a contradiction, and left out here.
    private func filedVideos(_ numbers: [Int64]) throws(SQLiteFault) -> [FiledVideo] {
        var videos: [FiledVideo] = []
        for number in numbers {
            let row = try connection.first(
                """
                SELECT provider, id, (
                    SELECT count(*) FROM runs INDEXED BY runs_of_video
                    WHERE video = ?1 AND state <= 2
                ), (
                    SELECT max(claimable_at) FROM runs INDEXED BY runs_of_video
                    WHERE video = ?1 AND state <= 2 AND state = 1
                ) FROM videos WHERE number = ?1
                """,
                [.integer(number)]
            ) {
                (
                    provider: $0.integer(0), id: $0.text(1), isBusy: $0.integer(2) > 0,
                    leaseUntil: $0.optionalMoment(3)
                )
            }
            guard let row else { continue }
            guard let id = VideoID(row.id) else { throw .misread }
            let provider = try word(row.provider)
            videos.append(
                FiledVideo(
                    number: number,
                    provider: provider,
                    videoID: id,
                    isBusy: row.isBusy,
                    leaseUntil: row.leaseUntil,
                    assets: try assets(provider: provider, videoID: id)
                )
            )
        }
        return videos
    }

    // MARK: Contradictions

    /// A query whose rows, each a place, are what must not be.
    private struct Rule {
        let message: String
        let query: StaticString
    }

    func contradictions(_ limit: Int) throws(SQLiteFault) -> [JournalContradiction] {
        var found: [JournalContradiction] = []
        for rule in Self.rules {
            found += try connection.rows(rule.query, [.integer(max(limit, 1))]) {
                JournalContradiction(place: $0.text(0), message: rule.message)
            }
        }
        return found
    }

    // A table that something was taken from on purpose must not trip a rule: an end of a video
    // outlives its entry. Sequence 0 is nobody's: see `probe`.
    private static let rules: [Rule] = [
        Rule(
            message: "has no body",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e
                WHERE NOT EXISTS (SELECT 1 FROM bodies b WHERE b.sequence = e.sequence) LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no entry",
            query: """
                SELECT 'body ' || b.sequence FROM bodies b
                WHERE b.sequence > 0
                    AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.sequence = b.sequence)
                LIMIT ?1
                """
        ),
        Rule(
            message: "names a source, provider, type or video that is not there",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e
                WHERE NOT EXISTS (SELECT 1 FROM words w WHERE w.number = e.source)
                    OR NOT EXISTS (SELECT 1 FROM words w WHERE w.number = e.provider)
                    OR (e.type IS NOT NULL
                        AND NOT EXISTS (SELECT 1 FROM words w WHERE w.number = e.type))
                    OR (e.video IS NOT NULL
                        AND NOT EXISTS (SELECT 1 FROM videos v WHERE v.number = e.video))
                LIMIT ?1
                """
        ),
        Rule(
            message: "speaks of an entry that came after it",
            query: "SELECT 'entry ' || sequence FROM entries WHERE related >= sequence LIMIT ?1"
        ),
        Rule(
            message: "has a state that its runs do not lead to",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e JOIN (
                    SELECT sequence, CASE
                        WHEN max(state = 1) THEN 1
                        WHEN max(state = 2) THEN 2
                        WHEN max(state = 0) THEN CASE WHEN min(state = 0) THEN 0 ELSE 1 END
                        WHEN max(state = 4) THEN 4
                        WHEN max(state = 5) THEN 5
                        ELSE 3 END AS state
                    FROM runs GROUP BY sequence
                ) r ON r.sequence = e.sequence
                WHERE e.state <> r.state LIMIT ?1
                """
        ),
        Rule(
            message: "has a state that only runs lead to, and no run",
            query: """
                SELECT 'entry ' || e.sequence FROM entries e
                WHERE e.state BETWEEN 1 AND 5
                    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.sequence = e.sequence)
                LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no entry, or to no chain",
            query: """
                SELECT 'run ' || r.sequence || '/' || r.position FROM runs r
                WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.sequence = r.sequence)
                    OR NOT EXISTS (SELECT 1 FROM chains c WHERE c.number = r.chain)
                LIMIT ?1
                """
        ),
        Rule(
            message: "has another last attempt than it counted",
            query: """
                SELECT 'run ' || r.sequence || '/' || r.position FROM runs r
                WHERE r.attempt_total <> (
                    SELECT coalesce(max(a.number), 0) FROM attempts a
                    WHERE a.sequence = r.sequence AND a.position = r.position
                ) LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no run",
            query: """
                SELECT 'attempt ' || a.sequence || '/' || a.position || '/' || a.number
                FROM attempts a WHERE NOT EXISTS (
                    SELECT 1 FROM runs r
                    WHERE r.sequence = a.sequence AND r.position = a.position
                ) LIMIT ?1
                """
        ),
        Rule(
            message: "has an end without its entry's sequence, or an entry of another video",
            query: """
                SELECT 'video ' || v.id FROM videos v
                LEFT JOIN entries e ON e.sequence = v.fact_sequence
                WHERE (v.terminal IS NULL) <> (v.fact_sequence IS NULL)
                    OR (e.sequence IS NOT NULL AND e.video IS NOT v.number)
                LIMIT ?1
                """
        ),
        Rule(
            message: "belongs to no video, or is stored without a hash and a place of its own",
            query: """
                SELECT 'file ' || coalesce(v.id, a.video) || ' ' || a.variant
                FROM assets a LEFT JOIN videos v ON v.number = a.video
                WHERE v.number IS NULL OR (a.state = 3 AND (
                    length(a.sha256) IS NOT 64
                    OR a.location IS NULL OR substr(a.location, 1, length(v.id) + 1) <> v.id || '/'
                )) LIMIT ?1
                """
        ),
    ]
}
