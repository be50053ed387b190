internal import ReelJournal
internal import ReelRuntime

// Videos, their jobs and their files.
extension JournalTables {
    struct VideoRow {
        let number: Int64
        let fact: (terminal: TerminalState, sequence: Int64)?
        let hasJob: Bool
        let expiresAt: Int64?
    }

    /// When the video of a run expires, for one that does not.
    static let neverUrgent = Int64.max

    func video(_ provider: Int64, _ id: VideoID) throws(SQLiteFault) -> VideoRow? {
        try connection.first(
            """
            SELECT number, terminal, fact_sequence, state IS NOT NULL, expires_at
            FROM videos INDEXED BY videos_by_id
            WHERE id_key = ?1 AND id = ?2 AND provider = ?3
            """,
            [.integer(LookupKey.of(id.rawValue)), .text(id.rawValue), .integer(provider)]
        ) { (row) throws(SQLiteFault) in
            var fact: (TerminalState, Int64)?
            if let terminal = row.optionalInteger(1) {
                fact = (try .stored(terminal), row.integer(2))
            }
            return VideoRow(
                number: row.integer(0),
                fact: fact,
                hasJob: row.integer(3) == 1,
                expiresAt: row.optionalInteger(4)
            )
        }
    }

    func insertVideo(
        _ provider: Int64,
        _ id: VideoID,
        fact: (terminal: TerminalState, sequence: Int64)? = nil,
        job: VideoJob? = nil
    ) throws(SQLiteFault) -> Int64 {
        try connection.run(
            """
            INSERT INTO videos (
                id_key, provider, id, terminal, fact_sequence, state, origin, status, progress,
                expires_at, first_seen_at, updated_at, reason_code, reason_detail, key_print,
                ordered_seconds, ordered_size, removal_state, removal_failures, removal_at,
                removal_code, removal_detail
            ) VALUES (
                ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
                ?19, ?20, ?21, ?22
            )
            """,
            [
                .integer(LookupKey.of(id.rawValue)), .integer(provider), .text(id.rawValue),
                .optional(fact?.terminal.code), .optional(fact?.sequence),
                .optional(job?.state.code), .optional(job?.origin.code), .optional(job?.status),
                .optional(job?.progress.map { Int64($0) }), .optional(job?.expiresAt),
                .optional(job?.firstSeenAt), .optional(job?.updatedAt),
                .optional(job?.reason?.code), .optional(job?.reason?.detail),
            ] + Self.particulars(of: job)
        )
        let number = connection.lastInsertedNumber
        if let object = job?.object { try write(object, of: number) }
        return number
    }

    // MARK: Files

    func record(_ asset: AssetRecord) throws(SQLiteFault) {
        let provider = try number(of: asset.provider)
        var known: AssetState?
        let video: Int64
        if let row = try self.video(provider, asset.videoID) {
            known = try state(ofFile: asset.variant, row.number)
            guard asset.mayBeRecorded(over: known) else { return }
            video = row.number
        } else {
            guard asset.mayBeRecorded(over: nil) else { return }
            video = try insertVideo(provider, asset.videoID)
        }
        try connection.run(
            """
            INSERT INTO assets (
                video, variant, state, byte_count, sha256, content_type, entity_tag, location,
                reason_code, reason_detail, updated_at
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (video, variant) DO UPDATE SET
                state = excluded.state, byte_count = excluded.byte_count,
                sha256 = excluded.sha256, content_type = excluded.content_type,
                entity_tag = excluded.entity_tag, location = excluded.location,
                reason_code = excluded.reason_code, reason_detail = excluded.reason_detail,
                updated_at = excluded.updated_at
            WHERE state = ?12
            """,
            [
                .integer(video), .text(asset.variant), .integer(asset.state.code),
                .integer(asset.byteCount), .optional(asset.sha256),
                .optional(asset.contentType), .optional(asset.entityTag),
                .optional(asset.location), .optional(asset.reason?.code),
                .optional(asset.reason?.detail), .moment(asset.updatedAt),
                .optional(known?.code),
            ]
        )
    }

    private func state(
        ofFile variant: String,
        _ video: Int64
    ) throws(SQLiteFault) -> AssetState? {
        try connection.first(
            "SELECT state FROM assets WHERE video = ?1 AND variant = ?2",
            [.integer(video), .text(variant)]
        ) { (row) throws(SQLiteFault) in try .stored(row.integer(0)) }
    }

    func assets(
        provider name: String,
        videoID: VideoID
    ) throws(SQLiteFault) -> [AssetRecord] {
        guard let provider = try knownNumber(of: name), let row = try video(provider, videoID)
        else { return [] }
        return try connection.rows(
            """
            SELECT variant, state, byte_count, sha256, content_type, entity_tag, location,
                reason_code, reason_detail, updated_at
            FROM assets WHERE video = ?1 ORDER BY variant
            """,
            [.integer(row.number)]
        ) { (row) throws(SQLiteFault) in
            AssetRecord(
                provider: name,
                videoID: videoID,
                variant: row.text(0),
                state: try .stored(row.integer(1)),
                byteCount: row.integer(2),
                sha256: row.optionalText(3),
                contentType: row.optionalText(4),
                entityTag: row.optionalText(5),
                location: row.optionalText(6),
                reason: row.reason(7),
                updatedAt: row.moment(9)
            )
        }
    }
}

extension Statement {
    /// A reason that stands in two columns, code and detail.
    func reason(_ column: Int32) -> Reason? {
        optionalText(column).map { Reason($0, optionalText(column + 1)) }
    }
}
