import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// What becomes of a write-ahead log that cannot be copied into the database.
struct SQLiteCheckpointTests {
    // SQLITE_IOERR_FSYNC, SQLITE_FULL (sqlite.org/rescode.html).
    static let faults = [SQLiteFault(code: 10 | 4 << 8), SQLiteFault(code: 13)]

    @Test(arguments: faults)
    func `a copy that failed is told, counted and tried again`(_ fault: SQLiteFault) async throws {
        let bench = try SQLiteBench()
        // The schema.
        await (try bench.open()).close()
        let time = ManualTime()
        let tries = Locked(0)
        var configuration = SQLiteJournalConfiguration()
        configuration.checkpointByteCount = 1
        let writing = try WritingBench(bench, configuration, time).writing(
            checkpoint: { (connection, isWaiting) throws(SQLiteFault) in
                let number = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                if number == 1 { throw fault }
                return try connection.checkpoint(waiting: isWaiting)
            }
        )
        func write(_ video: String) throws {
            let write = WatchedWrite(try bench.observation(video))
            writing.take([.work(write)], othersWait: false)
            #expect(write.isDone == true, "a write that is in the log is on disk")
        }
        func count(_ name: String) -> Int64 {
            bench.metrics.counter("reelhook_journal_" + name + "_total", help: "").value
        }

        try write("video_1")
        #expect(count("failed_checkpoints") == 1)
        #expect(count("checkpoints") == 0)
        let words = "The write-ahead log was not copied into the database"
        #expect(bench.sink.messages.contains(words))
        // A disk that fails is not asked again by every write.
        try write("video_2")
        #expect(tries.withLock { $0 } == 1)
        #expect(count("reopenings") == (fault.spoilsConnection ? 1 : 0))
        time.advance(by: configuration.checkpointRetryWait)
        try write("video_3")
        #expect(tries.withLock { $0 } == 2)
        #expect(count("checkpoints") == 1)
        #expect(count("failed_checkpoints") == 1)
    }
}
