internal import ReelJournal
internal import ReelRuntime

// Files that are in the store, and those that are to leave it.
extension JournalTables {
    func storedVideos(from moment: Timestamp, limit: Int) throws(SQLiteFault) -> [StoredVideo] {
        let rows = try connection.rows(
            """
            SELECT video, updated_at FROM assets INDEXED BY assets_stored
            WHERE state = 3 AND updated_at >= ?1 ORDER BY updated_at, video LIMIT ?2
            """,
            [.moment(moment), .integer(min(max(limit, 1), 10_000))]
        ) { $0.integer(0) }
        return try videos(rows, in: .stored)
    }

    func leavingVideos(limit: Int) throws(SQLiteFault) -> [StoredVideo] {
        let rows = try connection.rows(
            "SELECT video FROM assets INDEXED BY assets_leaving WHERE state = 6 LIMIT ?1",
            [.integer(min(max(limit, 1), 10_000))]
        ) { $0.integer(0) }
        return try videos(rows, in: .leaving)
    }

    /// Each of the videos once, with what its files in a state come to.
    private func videos(
        _ numbers: [Int64],
        in state: AssetState
    ) throws(SQLiteFault) -> [StoredVideo] {
        var known: Set<Int64> = []
        var videos: [StoredVideo] = []
        for number in numbers where known.insert(number).inserted {
            let video = try connection.first(
                """
                SELECT v.provider, v.id, sum(a.byte_count), min(a.updated_at), max(a.updated_at)
                FROM assets a JOIN videos v ON v.number = a.video
                WHERE a.video = ?1 AND a.state = ?2
                """,
                [.integer(number), .integer(state.code)]
            ) { (row) throws(SQLiteFault) in
                guard let id = VideoID(row.text(1)) else { throw .misread }
                return StoredVideo(
                    provider: try self.word(row.integer(0)),
                    id: id,
                    byteCount: row.integer(2),
                    firstAt: row.moment(3),
                    lastAt: row.moment(4)
                )
            }
            if let video { videos.append(video) }
        }
        return videos
    }

    func storedTotals() throws(SQLiteFault) -> StoredTotals {
        let totals = try connection.first(
            """
            SELECT count(DISTINCT video), coalesce(sum(byte_count), 0)
            FROM assets INDEXED BY assets_stored WHERE state = 3
            """
        ) { StoredTotals(videoCount: $0.integer(0), byteCount: $0.integer(1)) }
        return totals ?? StoredTotals(videoCount: 0, byteCount: 0)
    }

    /// Lets a video's stored files leave, unless a run of the video is open.
    func releaseFiles(
        provider name: String,
        videoID: VideoID,
        _ reason: Reason,
        at moment: Timestamp
    ) throws(SQLiteFault) -> Bool {
        guard let provider = try knownNumber(of: name), let row = try video(provider, videoID)
        else { return false }
        try connection.run(
            """
            UPDATE assets SET state = ?2, reason_code = ?3, reason_detail = ?4, updated_at = ?5
            WHERE video = ?1 AND state = ?6 AND NOT EXISTS (
                SELECT 1 FROM runs INDEXED BY runs_of_video WHERE video = ?1 AND state <= 2
            )
            """,
            [
                .integer(row.number), .integer(AssetState.leaving.code), .text(reason.code),
                .optional(reason.detail), .moment(moment), .integer(AssetState.stored.code),
            ]
        )
        return connection.changeCount > 0
    }

    func noteDeleted(
        provider name: String,
        videoID: VideoID,
        at moment: Timestamp
    ) throws(SQLiteFault) {
        guard let provider = try knownNumber(of: name), let row = try video(provider, videoID)
        else { return }
        try connection.run(
            """
            UPDATE assets SET state = ?2, location = NULL, entity_tag = NULL, updated_at = ?3
            WHERE video = ?1 AND state = ?4
            """,
            [
                .integer(row.number), .integer(AssetState.deleted.code), .moment(moment),
                .integer(AssetState.leaving.code),
            ]
        )
    }
}
