internal import ReelJournal
internal import ReelRuntime

// Videos, their jobs and their files.
extension JournalTables {
    struct VideoRow {
        let number: Int64
        let fact: (terminal: TerminalState, sequence: Int64)?
        let hasJob: Bool
    }

    /// When the video of a run expires, for one that does not.
    static let neverUrgent = Int64.max

    func video(_ provider: Int64, _ id: VideoID) throws(SQLiteFault) -> VideoRow? {
        try connection.first(
            """
            SELECT number, terminal, fact_sequence, state IS NOT NULL
            FROM videos INDEXED BY videos_by_id
            WHERE id_key = ?1 AND id = ?2 AND provider = ?3
            """,
            [.integer(LookupKey.of(id.rawValue)), .text(id.rawValue), .integer(provider)]
        ) { (row) throws(SQLiteFault) in
            var fact: (TerminalState, Int64)?
            if let terminal = row.optionalInteger(1) {
                fact = (try .stored(terminal), row.integer(2))
            }
            return VideoRow(number: row.integer(0), fact: fact, hasJob: row.integer(3) == 1)
        }
    }

    func insertVideo(
        _ provider: Int64,
        _ id: VideoID,
        fact: (terminal: TerminalState, sequence: Int64)? = nil,
        job: VideoJob? = nil
    ) throws(SQLiteFault) -> Int64 {
        let number = try connection.first(
            """
            INSERT INTO videos (
                id_key, provider, id, terminal, fact_sequence, state, origin, status, progress,
                expires_at, first_seen_at, updated_at, reason_code, reason_detail
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
            RETURNING number
            """,
            [
                .integer(LookupKey.of(id.rawValue)), .integer(provider), .text(id.rawValue),
                .optional(fact?.terminal.code), .optional(fact?.sequence),
                .optional(job?.state.code), .optional(job?.origin.code), .optional(job?.status),
                .optional(job?.progress.map { Int64($0) }), .optional(job?.expiresAt),
                .optional(job?.firstSeenAt), .optional(job?.updatedAt),
                .optional(job?.reason?.code), .optional(job?.reason?.detail),
            ]
        ) { $0.integer(0) }
        guard let number else { throw .misread }
        if let object = job?.object { try write(object, of: number) }
        return number
    }

    /// The number of a video, which is given one if it has none.
    private func number(
        ofVideo id: VideoID,
        _ provider: String
    ) throws(SQLiteFault) -> Int64 {
        let provider = try number(of: provider)
        if let known = try video(provider, id) { return known.number }
        return try insertVideo(provider, id)
    }

    // MARK: Jobs

    func record(_ news: JobUpdate) throws(SQLiteFault) -> VideoJob {
        let provider = try number(of: news.provider)
        guard let row = try video(provider, news.id) else {
            let job = VideoJob(first: news)
            _ = try insertVideo(provider, news.id, job: job)
            return job
        }
        let known = row.hasJob ? try job(row.number) : nil
        let job = known?.after(news) ?? VideoJob(first: news)
        guard job != known else { return job }
        try connection.run(
            """
            UPDATE videos SET state = ?2, origin = ?3, status = ?4, progress = ?5,
                expires_at = ?6, first_seen_at = ?7, updated_at = ?8, reason_code = ?9,
                reason_detail = ?10
            WHERE number = ?1
            """,
            [
                .integer(row.number), .integer(job.state.code), .integer(job.origin.code),
                .optional(job.status), .optional(job.progress.map { Int64($0) }),
                .optional(job.expiresAt), .moment(job.firstSeenAt), .moment(job.updatedAt),
                .optional(job.reason?.code), .optional(job.reason?.detail),
            ]
        )
        if let object = job.object, object != known?.object { try write(object, of: row.number) }
        if let expiresAt = job.expiresAt, expiresAt != known?.expiresAt {
            let changed = try connection.rows(
                """
                UPDATE runs INDEXED BY runs_of_video SET urgency = ?2
                WHERE video = ?1 AND state <= 2 RETURNING sequence
                """,
                [.integer(row.number), .moment(expiresAt)]
            ) { $0.integer(0) }
            for sequence in changed { forget(sequence) }
        }
        return job
    }

    private func write(_ object: [UInt8], of video: Int64) throws(SQLiteFault) {
        try connection.run(
            """
            INSERT INTO objects (video, object) VALUES (?1, ?2)
            ON CONFLICT (video) DO UPDATE SET object = excluded.object
            """,
            [.integer(video), .blob(object)]
        )
    }

    func job(provider: String, id: VideoID) throws(SQLiteFault) -> VideoJob? {
        guard let provider = try knownNumber(of: provider),
            let row = try video(provider, id), row.hasJob
        else { return nil }
        return try job(row.number)
    }

    private func job(_ number: Int64) throws(SQLiteFault) -> VideoJob? {
        try connection.first(
            """
            SELECT v.provider, v.id, v.state, v.origin, v.status, v.progress, o.object,
                v.expires_at, v.first_seen_at, v.updated_at, v.reason_code, v.reason_detail
            FROM videos v LEFT JOIN objects o ON o.video = v.number
            WHERE v.number = ?1 AND v.state IS NOT NULL
            """,
            [.integer(number)]
        ) { (row) throws(SQLiteFault) in
            guard let id = VideoID(row.text(1)) else { throw .misread }
            return VideoJob(
                provider: try self.word(row.integer(0)),
                id: id,
                state: try .stored(row.integer(2)),
                origin: try .stored(row.integer(3)),
                status: row.optionalText(4),
                progress: row.optionalInteger(5).map { Int($0) },
                object: row.optionalBlob(6),
                expiresAt: row.optionalMoment(7),
                firstSeenAt: row.moment(8),
                updatedAt: row.moment(9),
                reason: row.reason(10)
            )
        }
    }

    func jobs(_ query: JobQuery) throws(SQLiteFault) -> [VideoJob] {
        var conditions = "v.state IS NOT NULL"
        var values: [SQLiteValue] = []
        if let provider = query.provider {
            guard let number = try knownNumber(of: provider) else { return [] }
            values.append(.integer(number))
            conditions += " AND v.provider = ?\(values.count)"
        }
        if let id = query.id {
            values += [.integer(LookupKey.of(id.rawValue)), .text(id.rawValue)]
            conditions += " AND v.id_key = ?\(values.count - 1) AND v.id = ?\(values.count)"
        }
        if let after = query.after {
            guard let number = try number(ofJob: after, query.provider) else { return [] }
            values.append(.integer(number))
            conditions += " AND v.number < ?\(values.count)"
        }
        let limit = min(max(query.limit, 1), 10_000)
        var numbers: [Int64] = []
        // One look-up for each state keeps every one of them on an index that is in order.
        let states: [JobState?] = query.states.map { Array(Set($0)) } ?? [nil]
        for state in states {
            let listing = state == nil ? "NOT INDEXED" : "INDEXED BY jobs_by_state"
            let index = query.id == nil ? listing : "INDEXED BY videos_by_id"
            let condition = state.map { " AND v.state = \($0.code)" } ?? ""
            numbers += try connection.rows(
                composed: """
                    SELECT v.number FROM videos v \(index)
                    WHERE \(conditions)\(condition) ORDER BY v.number DESC LIMIT \(limit)
                    """,
                values
            ) { $0.integer(0) }
        }
        var jobs: [VideoJob] = []
        for number in numbers.sorted(by: >).prefix(limit) {
            if let job = try job(number) { jobs.append(job) }
        }
        return jobs
    }

    /// The newest job of that id.
    private func number(ofJob id: VideoID, _ provider: String?) throws(SQLiteFault) -> Int64? {
        let provider = try provider.map { (name) throws(SQLiteFault) in
            try self.knownNumber(of: name) ?? 0
        }
        return try connection.first(
            """
            SELECT number FROM videos INDEXED BY videos_by_id
            WHERE id_key = ?1 AND id = ?2 AND state IS NOT NULL
                AND (?3 IS NULL OR provider = ?3)
            ORDER BY number DESC
            """,
            [.integer(LookupKey.of(id.rawValue)), .text(id.rawValue), .optional(provider)]
        ) { $0.integer(0) }
    }

    // MARK: Files

    func record(_ asset: AssetRecord) throws(SQLiteFault) {
        let video = try number(ofVideo: asset.videoID, asset.provider)
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
            WHERE state NOT IN (?12, ?13) OR (state = ?12 AND excluded.state = ?12)
            """,
            [
                .integer(video), .text(asset.variant), .integer(asset.state.code),
                .integer(asset.byteCount), .optional(asset.sha256),
                .optional(asset.contentType), .optional(asset.entityTag),
                .optional(asset.location), .optional(asset.reason?.code),
                .optional(asset.reason?.detail), .moment(asset.updatedAt),
                .integer(AssetState.stored.code), .integer(AssetState.leaving.code),
            ]
        )
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
