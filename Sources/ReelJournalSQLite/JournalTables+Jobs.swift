internal import ReelJournal
internal import ReelRuntime

// What is known of jobs.
extension JournalTables {
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
                reason_detail = ?10, key_print = ?11, ordered_seconds = ?12, ordered_size = ?13,
                removal_state = ?14, removal_failures = ?15, removal_at = ?16,
                removal_code = ?17, removal_detail = ?18
            WHERE number = ?1
            """,
            [
                .integer(row.number), .integer(job.state.code), .integer(job.origin.code),
                .optional(job.status), .optional(job.progress.map { Int64($0) }),
                .optional(job.expiresAt), .moment(job.firstSeenAt), .moment(job.updatedAt),
                .optional(job.reason?.code), .optional(job.reason?.detail),
            ] + Self.particulars(of: job)
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

    func write(_ object: [UInt8], of video: Int64) throws(SQLiteFault) {
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
                v.expires_at, v.first_seen_at, v.updated_at, v.reason_code, v.reason_detail,
                v.key_print, v.ordered_seconds, v.ordered_size, v.removal_state,
                v.removal_failures, v.removal_at, v.removal_code, v.removal_detail
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
                reason: row.reason(10),
                keyPrint: row.optionalInteger(12).flatMap { UInt16(exactly: $0) },
                ordered: OrderedMedia(seconds: row.optionalText(13), size: row.optionalText(14)),
                removal: try row.removal(15)
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
        if let moment = query.removalDueAt {
            values.append(.moment(moment))
            conditions += " AND v.removal_state = 0 AND v.removal_at <= ?\(values.count)"
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
            let due = query.removalDueAt == nil ? listing : "INDEXED BY removals_due"
            let index = query.id == nil ? due : "INDEXED BY videos_by_id"
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

    /// What is seldom known of a job, in the order in which it is written.
    static func particulars(of job: VideoJob?) -> [SQLiteValue] {
        let state: Int64?
        switch job?.removal?.state {
        case .waiting?: state = 0
        case .givenUp?: state = 1
        case nil: state = nil
        }
        return [
            .optional(job?.keyPrint.map { Int64($0) }), .optional(job?.ordered?.seconds),
            .optional(job?.ordered?.size), .optional(state),
            .optional(job?.removal.map { Int64($0.failureCount) }),
            .optional(job?.removal?.dueAt), .optional(job?.removal?.reason?.code),
            .optional(job?.removal?.reason?.detail),
        ]
    }
}

extension Statement {
    /// A deletion at the provider that stands in five columns.
    fileprivate func removal(_ column: Int32) throws(SQLiteFault) -> ProviderRemoval? {
        guard let code = optionalInteger(column) else { return nil }
        let state: ProviderRemoval.State
        switch (code, optionalMoment(column + 2)) {
        case (0, let moment?): state = .waiting(until: moment)
        case (1, nil): state = .givenUp
        default: throw .misread
        }
        return ProviderRemoval(
            state,
            failureCount: Int(integer(column + 1)),
            reason: reason(column + 3)
        )
    }
}
