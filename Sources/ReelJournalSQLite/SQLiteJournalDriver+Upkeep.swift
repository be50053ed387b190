package import ReelJournal
internal import ReelObservability
package import ReelRuntime

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

    /// Entries and videos that are compared at one moment: so few that the writer, whose log a
    /// reader holds, does not feel it.
    private static let comparedCount = 2_000

    /// Rows that contradict each other, at most `limit` of a kind.
    ///
    /// It takes as long as reading the tables does, piece by piece.
    package func contradictions(
        limit: Int = 100
    ) async throws(JournalError) -> [JournalContradiction] {
        var found: [JournalContradiction] = []
        var counts: [String: Int] = [:]
        for compared in JournalTables.Compared.allCases {
            var last: Int64? = .min
            while let from = last {
                let piece = try await read { (tables) throws(SQLiteFault) in
                    try tables.contradictions(
                        of: compared,
                        after: from,
                        rowCount: Self.comparedCount,
                        limit: limit
                    )
                }
                for wrong in piece.found where counts[wrong.message, default: 0] < limit {
                    counts[wrong.message, default: 0] += 1
                    found.append(wrong)
                }
                last = piece.last
            }
        }
        return found
    }

    /// Entries that the index of keys does not lead to, at most `limit`.
    ///
    /// It takes a look into the index for each of their ids, piece by piece.
    package func misplacedKeys(
        limit: Int = 100
    ) async throws(JournalError) -> [JournalContradiction] {
        var found: [JournalContradiction] = []
        var last: Int64? = 0
        while let from = last, found.count < limit {
            let piece = try await read { (tables) throws(SQLiteFault) in
                try tables.misplacedKeys(after: from, rowCount: Self.comparedCount)
            }
            found += piece.found
            last = piece.last
        }
        return Array(found.prefix(limit))
    }

    /// Compares the bodies of entries after one with what they were when they were appended.
    package func compareBodies(
        after sequence: Int64,
        limit: Int
    ) async throws(JournalError) -> BodyReport {
        try await read { (tables) throws(SQLiteFault) in
            try tables.compareBodies(after: sequence, limit: limit)
        }
    }

    /// Runs about a video that brought the step of a name to its end, in the order of their
    /// entries; after the last of them, where one is named.
    package func finishedSteps(
        named name: String,
        after last: FinishedStep?,
        limit: Int
    ) async throws(JournalError) -> [FinishedStep] {
        try await read { (tables) throws(SQLiteFault) in
            try tables.finishedSteps(
                named: name,
                after: last?.sequence ?? 0,
                last?.position ?? 0,
                limit: limit
            )
        }
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
        try await videos(named: id).filter { !$0.assets.isEmpty }
    }

    /// The same, also where there is no record of a file.
    package func videos(named id: VideoID) async throws(JournalError) -> [FiledVideo] {
        try await read { (tables) throws(SQLiteFault) in try tables.videos(named: id) }
    }
}

// Retention.
extension SQLiteJournalDriver {
    package func storedVideos(
        from moment: Timestamp,
        limit: Int
    ) async throws(JournalError) -> [StoredVideo] {
        try await read { (tables) throws(SQLiteFault) in
            try tables.storedVideos(from: moment, limit: limit)
        }
    }

    package func leavingVideos(limit: Int) async throws(JournalError) -> [StoredVideo] {
        try await read { (tables) throws(SQLiteFault) in try tables.leavingVideos(limit: limit) }
    }

    package func storedTotals() async throws(JournalError) -> StoredTotals {
        try await read { (tables) throws(SQLiteFault) in try tables.storedTotals() }
    }

    package func releaseFiles(
        provider: String,
        videoID: VideoID,
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        try await write { (tables) throws(SQLiteFault) in
            try tables.releaseFiles(provider: provider, videoID: videoID, reason, at: moment)
        }
    }

    package func noteDeleted(
        provider: String,
        videoID: VideoID,
        at moment: Timestamp
    ) async throws(JournalError) {
        try await write { (tables) throws(SQLiteFault) in
            try tables.noteDeleted(provider: provider, videoID: videoID, at: moment)
        }
    }

    /// More writes than these that wait hold a piece of the walk up.
    private static let waitingWriteCountMax = 64

    package func prune(_ request: PruneRequest) async throws(JournalError) -> PruneOutcome {
        if let writer, writer.waitingCount > Self.waitingWriteCountMax {
            return PruneOutcome(deletedCount: 0, next: request.cursor, isHeldUp: true)
        }
        let found = try await read { (tables) throws(SQLiteFault) in
            try tables.prunable(request)
        }
        guard !found.keys.isEmpty else { return PruneOutcome(deletedCount: 0, next: found.next) }
        let count = try await write { (tables) throws(SQLiteFault) in
            try tables.prune(found, request)
        }
        return PruneOutcome(deletedCount: count, next: found.next)
    }

    package func record(_ clock: ClockRecord) async throws(JournalError) {
        try await write { (tables) throws(SQLiteFault) in try tables.record(clock) }
    }

    package func clockRecord() async throws(JournalError) -> ClockRecord? {
        try await read { (tables) throws(SQLiteFault) in try tables.clockRecord() }
    }

    package func reclaim(
        atMost pageCount: Int
    ) async throws(JournalError) -> ReclaimOutcome {
        if let writer, writer.waitingCount > Self.waitingWriteCountMax {
            return ReclaimOutcome(freedByteCount: 0, isComplete: false, isHeldUp: true)
        }
        let kept = Int64(spareByteCount)
        let (outcome, space) = try await write { (tables) throws(SQLiteFault) in
            (try tables.reclaim(atMost: pageCount, keeping: kept), try tables.space())
        }
        metrics.space.byteCount.set(space.byteCount)
        metrics.space.spareByteCount.set(space.spareByteCount)
        return outcome
    }
}
