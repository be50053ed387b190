import Glibc
import ReelJournal
import ReelJournalSQLite
import ReelRuntime
import TestSupport
import Testing

/// What looks after a journal: copies, contradictions, and who has it open.
struct SQLiteUpkeepTests {
    @Test func `a copy made beside the writer is the journal of one moment`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        for index in 1...20 { _ = try await driver.append(bench.observation("video_\(index)")) }
        let target = bench.directory.file("copy.db")
        try FileTree.write([], to: target)
        var shares: [Double] = []
        let copy = try JournalCopy.make(of: bench.path, at: target) { shares.append($0) }
        _ = try await driver.append(bench.observation("video_after"))
        #expect(copy == JournalCopy.described(schema: 1, lastSequence: 20, target))
        #expect(shares.last == 1)

        let again = try SQLiteJournalDriver.openReadOnly(path: target)
        #expect(try await again.lastSequence() == 20)
        #expect(try await again.integrityFaults().isEmpty)
        #expect(try await again.entries(EntryQuery()).count == 20)
        await again.close()
        // It is one file, and being read leaves nothing beside it.
        #expect(!(try FileTree.list(bench.directory.path)).contains("copy.db-wal"))
        let service = try bench.open(at: target)
        #expect(try await service.append(bench.observation("video_x")) == .appended(sequence: 21))
        await service.close()
        await driver.close()
    }

    @Test func `what is no journal is not copied`() throws {
        let bench = try SQLiteBench()
        let target = bench.directory.file("copy.db")
        try FileTree.write([], to: target)
        #expect(throws: JournalError.cannotOpen) {
            try JournalCopy.make(of: bench.directory.file("none.db"), at: target)
        }
        #expect(throws: JournalError.corrupt) { try JournalCopy.make(of: target, at: target) }
        #expect(throws: JournalError.corrupt) { try JournalCopy.describe(target) }
    }

    @Test func `a journal of every schema has no contradiction`() async throws {
        for name in try Fixture.names(in: "journal", suffix: ".db") {
            let bench = try SQLiteBench()
            try FileTree.write(try Fixture.bytes(name), to: bench.path)
            let driver = try bench.open()
            // The story's one stored file has a made-up hash, and no place.
            let wrong = try await driver.contradictions().map(\.place)
            #expect(wrong == ["file video_1 video"], "\(name)")
            #expect(try await driver.quickFaults() == [])
            let videos = try await driver.filedVideos(after: 0, limit: 10)
            #expect(videos.map { $0.assets.map(\.state) } == [[.stored]])
            let video = try #require(videos.first)
            #expect(try await driver.filedVideos(named: video.videoID) == videos)
            #expect(try await driver.filedVideos(after: video.number, limit: 10) == [])
            await driver.close()
        }
    }

    @Test func `a video is busy while a run of it is open`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let id = try #require(VideoID("video_1"))
        _ = try await driver.append(bench.observation("video_1"))
        let record = AssetRecord(
            provider: "openai",
            videoID: id,
            variant: "video",
            state: .stored,
            updatedAt: Timestamp(secondsSinceEpoch: 1)
        )
        try await driver.record(record)
        #expect(try await driver.filedVideos(named: id).map(\.isBusy) == [false])
        let plan = EventPlan.runs([RunPlan(chain: "archive", steps: ["store"])])
        try await driver.plan([(sequence: 1, plan: plan)])
        #expect(try await driver.filedVideos(named: id).map(\.isBusy) == [true])
        // Stored, it says, and with no hash.
        #expect(
            try await driver.contradictions().map(\.place) == ["file video_1 video"]
        )
        await driver.close()
    }

    @Test func `the process that has it open is named by every way to the file`() async throws {
        let bench = try SQLiteBench()
        #expect(SQLiteJournalDriver.owner(of: bench.path) == nil)
        let driver = try bench.open()
        let way = bench.directory.file("way.db")
        #expect(unsafe symlink(bench.path, way) == 0)
        #expect(throws: JournalError.inUse) { try bench.open(at: way) }
        for path in [bench.path, way] {
            #expect(SQLiteJournalDriver.owner(of: path) == getpid())
        }
        await driver.close()
        // A longer number that a process before left behind goes altogether.
        try FileTree.write(
            Array("99999999999\n".utf8),
            to: SQLiteJournalDriver.lockPath(of: bench.path)
        )
        let again = try bench.open()
        #expect(SQLiteJournalDriver.owner(of: bench.path) == getpid())
        await again.close()
    }
}

extension JournalCopy {
    /// What a copy is expected to say of itself when it is read again.
    fileprivate static func described(
        schema: Int,
        lastSequence: Int64,
        _ path: String
    ) -> JournalCopy? {
        guard let copy = try? describe(path), copy.lastSequence == lastSequence else { return nil }
        return copy.schema >= schema ? copy : nil
    }
}
