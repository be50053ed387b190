internal import ReelJournal

// What was appended, and whether it still is what it was.
extension JournalTables {
    private struct BodyRow {
        let sequence: Int64
        let body: [UInt8]
        let digest: Int64?
        let type: String?
        let eventID: String?
        let reason: String?
    }

    /// Compares the bodies after an entry with their digests.
    ///
    /// An entry of the schema before has none; its body is compared with what was read from it
    /// when it came.
    func compareBodies(after sequence: Int64, limit: Int) throws(SQLiteFault) -> BodyReport {
        let rows = try connection.rows(
            """
            SELECT b.sequence, b.body, b.digest, w.word, e.event_id, e.reason_code
            FROM bodies b JOIN entries e ON e.sequence = b.sequence
            LEFT JOIN words w ON w.number = e.type
            WHERE b.sequence > ?1 ORDER BY b.sequence LIMIT ?2
            """,
            [.integer(sequence), .integer(max(limit, 1))]
        ) { row in
            BodyRow(
                sequence: row.integer(0),
                body: row.optionalBlob(1) ?? [],
                digest: row.optionalInteger(2),
                type: row.optionalText(3),
                eventID: row.optionalText(4),
                reason: row.optionalText(5)
            )
        }
        let faults = rows.filter { !Self.isWhole($0) }.map { row in
            JournalContradiction(
                place: "body \(row.sequence)",
                message: row.digest == nil
                    ? "is not what its entry was read from"
                    : "is not what was appended: its digest is another"
            )
        }
        let isLast = rows.count < limit
        return BodyReport(
            last: isLast ? nil : rows.last?.sequence,
            count: rows.count,
            faults: faults
        )
    }

    private static func isWhole(_ row: BodyRow) -> Bool {
        if let digest = row.digest { return digest == BodyDigest.of(row.body, of: row.sequence) }
        let reading = EventReading(row.body)
        // What a later version reads otherwise is no fault of the body's.
        if reading.fault?.code == "not_json" { return row.reason == "not_json" }
        return reading.type == row.type && reading.eventID == row.eventID
    }

    // MARK: Steps

    /// Runs that have brought the step of a name to its end, in the order of their entries.
    func finishedSteps(
        named name: String,
        after sequence: Int64,
        _ position: Int64,
        limit: Int
    ) throws(SQLiteFault) -> [FinishedStep] {
        let chains = try connection.rows("SELECT number FROM chains") { $0.integer(0) }
        var steps: [(chain: Int64, step: Int)] = []
        for chain in chains {
            guard let step = try plan(chain).steps.firstIndex(of: name) else { continue }
            steps.append((chain, step))
        }
        guard !steps.isEmpty else { return [] }
        let numbers = steps.map { String($0.chain) }.joined(separator: ", ")
        let places = steps.map { "WHEN \($0.chain) THEN \($0.step)" }.joined(separator: " ")
        return try connection.rows(
            composed: """
                SELECT r.sequence, r.position, v.provider, v.id, a.note, (
                    SELECT group_concat(f.variant) FROM assets f WHERE f.video = r.video
                )
                FROM runs r CROSS JOIN attempts a ON a.sequence = r.sequence
                    AND a.position = r.position AND a.outcome = 'done'
                    AND a.step = CASE r.chain \(places) END
                CROSS JOIN videos v ON v.number = r.video
                WHERE r.chain IN (\(numbers)) AND (r.sequence, r.position) > (?1, ?2)
                ORDER BY r.sequence, r.position LIMIT ?3
                """,
            [.integer(sequence), .integer(position), .integer(max(limit, 1))]
        ) { (row) throws(SQLiteFault) in
            guard let id = VideoID(row.text(3)) else { throw .misread }
            return FinishedStep(
                sequence: row.integer(0),
                position: row.integer(1),
                provider: try self.word(row.integer(2)),
                videoID: id,
                note: row.optionalText(4),
                variants: Set((row.optionalText(5) ?? "").split(separator: ",").map(String.init))
            )
        }
    }
}
