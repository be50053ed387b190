package import ReelJournal

// What looks after a journal asks of it.
extension SQLiteJournalDriver {
    /// The process that has a journal open to write, once opening it has thrown `.inUse`.
    package static func owner(of path: String) -> Int32? { JournalFile.owner(of: path) }

    /// The file whose lock, of flock(2), a process holds while it has a journal open to write.
    package static func lockPath(of path: String) -> String { JournalFile.lockPath(of: path) }

    /// The same as `integrityFaults`, but the indexes are not compared with their tables.
    package func quickFaults() async throws(JournalError) -> [String] {
        try await read { (tables) throws(SQLiteFault) in
            try tables.connection.rows("PRAGMA quick_check(100)") { $0.text(0) }
                .filter { $0 != "ok" }
        }
    }

    /// Rows that contradict each other at one moment, at most `limit` by each rule.
    ///
    /// It takes as long as reading the tables does.
    package func contradictions(
        limit: Int = 100
    ) async throws(JournalError) -> [JournalContradiction] {
        try await read { (tables) throws(SQLiteFault) in try tables.contradictions(limit) }
    }

    /// Videos with records of files, in the order of their numbers.
    package func filedVideos(
        after number: Int64,
        limit: Int
    ) async throws(JournalError) -> [FiledVideo] {
        try await read { (tables) throws(SQLiteFault) in
            try tables.filedVideos(after: number, limit: limit)
        }
    }

    /// Those of a name, one for each provider that has a video of that name.
    package func filedVideos(named id: VideoID) async throws(JournalError) -> [FiledVideo] {
        try await read { (tables) throws(SQLiteFault) in try tables.filedVideos(named: id) }
    }
}
