internal import ReelJournal

// What the tables say of the files beside them.
extension JournalTables {
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
}
