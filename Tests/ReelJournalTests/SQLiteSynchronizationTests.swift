import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// When a write is told that it is on disk.
struct SQLiteSynchronizationTests {
    private let bench: SQLiteBench
    private let under: WritingBench

    init() async throws {
        bench = try SQLiteBench()
        // The schema.
        await (try bench.open()).close()
        under = WritingBench(bench)
    }

    private func writes(_ names: String...) throws -> [WatchedWrite] {
        try names.map { WatchedWrite(try bench.observation("video_\($0)")) }
    }

    private func orders(_ writes: [WatchedWrite]) -> [WriterOrder] { writes.map { .work($0) } }

    /// The videos that another connection finds.
    private func stored() throws -> [String] {
        try Connection(path: bench.path, role: .reader).rows("SELECT id FROM videos ORDER BY id") {
            $0.text(0)
        }
    }

    @Test func `a lone write is synchronized at once`() throws {
        let writing = try under.writing()
        let one = try writes("1")
        writing.take(orders(one), othersWait: false)
        #expect(one[0].isDone == true)
        #expect(under.log.count == 1)
        #expect(writing.heldCount == 0)
    }

    @Test func `what comes while a commit is synchronized shares the next one`() throws {
        let writing = try under.writing()
        let (first, second, third) = (try writes("1"), try writes("2"), try writes("3", "4"))
        writing.take(orders(first), othersWait: true)
        #expect(first[0].isDone == nil && writing.heldCount == 1)
        writing.take(orders(second), othersWait: false)
        writing.take(orders(third), othersWait: false)
        // Performed, and neither committed nor told.
        #expect(try stored() == ["video_1"])
        #expect((second + third).allSatisfy { $0.isDone == nil } && writing.heldCount == 4)
        #expect(under.log.count == 0)

        let reports = under.synchronize()
        #expect(first[0].isDone == true && under.log.count == 1)
        writing.take(reports, othersWait: false)
        #expect(try stored().count == 4)
        #expect((second + third).allSatisfy { $0.isDone == true })
        #expect(under.log.count == 2 && writing.heldCount == 0)
    }

    @Test func `many writes are left to the other thread although nobody waits`() throws {
        let writing = try under.writing()
        let many = try writes("1", "2", "3", "4")
        writing.take(orders(many), othersWait: false)
        #expect(many.allSatisfy { $0.isDone == nil })
        writing.take(under.synchronize(), othersWait: false)
        #expect(many.allSatisfy { $0.isDone == true } && writing.heldCount == 0)
    }

    @Test func `after an fsync that failed no write is told otherwise, and the journal reopens`()
        throws
    {
        let writing = try under.writing()
        let (first, second, third) = (try writes("1"), try writes("2"), try writes("3"))
        under.log.fail(with: .io)
        writing.take(orders(first), othersWait: true)
        writing.take(orders(second), othersWait: true)
        let reports = under.synchronize()
        #expect(first[0].isDone == false && second[0].isDone == nil)
        writing.take(reports, othersWait: false)
        // It was in the open transaction, which went with the connection.
        #expect(second[0].isDone == false && writing.heldCount == 0)
        #expect(try stored() == ["video_1"])
        #expect(bench.metrics.counter("reelhook_journal_reopenings_total", help: "").value == 0)

        under.log.fail(with: nil)
        writing.take(orders(third), othersWait: false)
        #expect(third[0].isDone == true)
        #expect(bench.metrics.counter("reelhook_journal_reopenings_total", help: "").value == 1)
        #expect(try stored() == ["video_1", "video_3"])
    }

    @Test func `an fsync beside one that failed proves nothing`() throws {
        let writing = try under.writing()
        let (first, second) = (try writes("1"), try writes("2"))
        writing.take(orders(first), othersWait: true)
        // SQLITE_IOERR_FSYNC in the transaction that is open meanwhile.
        writing.take([.work(FaultyWork())] + orders(second), othersWait: false)
        #expect(second[0].isDone == false)
        let reports = under.synchronize()
        #expect(under.log.count == 1)
        #expect(first[0].isDone == false)
        writing.take(reports, othersWait: false)
        #expect(writing.heldCount == 0)
    }

    @Test func `at the end what is performed is committed and told`() throws {
        let writing = try under.writing()
        let (first, second) = (try writes("1"), try writes("2"))
        writing.take(orders(first), othersWait: true)
        writing.take(orders(second) + [.end], othersWait: false)
        #expect(!writing.isOver)
        writing.take(under.synchronize(), othersWait: true)
        #expect((first + second).allSatisfy { $0.isDone == true })
        #expect(writing.isOver)
    }

    /// A write whose disk fails.
    private struct FaultyWork: TableWork {
        func perform(_: JournalTables) throws(SQLiteFault) { throw .unsynchronized }
        func succeed() {}
        func fail(_: JournalError) {}
    }
}
