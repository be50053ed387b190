import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// How long the write-ahead log gets while somebody reads what was before it.
struct SQLiteLogBoundTests {
    private let bench: SQLiteBench

    init() throws {
        bench = try SQLiteBench()
    }

    private static let counting = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)
        SELECT max(i) FROM n
        """

    @Test func `a log that a reader holds too long takes in nothing new, and what runs ends`()
        async throws
    {
        await (try bench.open()).close()
        let time = ManualTime()
        var configuration = SQLiteJournalConfiguration()
        configuration.checkpointByteCount = 1
        configuration.walByteCountMax = 1
        configuration.heldLogByteCountMax = 64 << 10
        configuration.readerWait = .zero
        let reader = try Connection(path: bench.path, role: .reader)
        let writer = try Connection(path: bench.path, role: .writer)
        try writer.limit(configuration)
        let writing = try WritingBench(bench, configuration, time).writing(
            writer,
            findReaders: { ["4711 (sqlite3)", "4712 (backup)"] }
        )
        func take(takesIn: Bool = true) throws -> JournalError? {
            let write = ToldWrite(try bench.observation("video_1"), takesIn: takesIn)
            writing.take([.work(write)], othersWait: false)
            return write.error
        }
        #expect(try take() == nil)
        try reader.execute("BEGIN")
        _ = try reader.number("SELECT count(*) FROM entries")
        var takenCount = 0
        while takenCount < 1_000, try take() == nil { takenCount += 1 }
        #expect((2..<100).contains(takenCount))
        #expect(try take() == .logTooLong)
        #expect(try take(takesIn: false) == nil)
        let told = bench.sink.records.last { $0.message.hasPrefix("The write-ahead log grows") }
        #expect(
            told?.fields.last?.value == .string("4711 (sqlite3), 4712 (backup)")
        )

        try reader.execute("COMMIT")
        #expect(try take() == .logTooLong, "readers are waited for at intervals")
        time.advance(by: configuration.readerWaitInterval)
        #expect(try take() == nil)
        #expect(writer.walPageCount < 10, "the log has begun anew")
    }

    @Test func `a log that nobody holds is never too long`() async throws {
        await (try bench.open()).close()
        var configuration = SQLiteJournalConfiguration()
        // It is beyond its bound before a copy of it is due.
        configuration.checkpointByteCount = 1 << 20
        configuration.walByteCountMax = 1 << 20
        configuration.heldLogByteCountMax = 40 << 10
        let under = WritingBench(bench, configuration)
        let writing = try under.writing()
        for index in 0..<200 {
            // Some of them while what was before is being synchronized.
            let works = try (0..<8).map { _ in
                ToldWrite(try bench.observation("video_\(index)"), takesIn: true)
            }
            writing.take(works.map { .work($0) }, othersWait: true)
            if index % 3 != 0 { writing.take(under.synchronize(), othersWait: false) }
            #expect(works.allSatisfy { $0.error == nil })
        }
    }

    @Test func `a read of the service that takes too long is ended, and the next is not`()
        async throws
    {
        var configuration = SQLiteJournalConfiguration()
        configuration.readerCount = 1
        let driver = try SQLiteJournalDriver.open(
            path: bench.path,
            configuration: configuration,
            logger: WritingBench(bench).logger,
            metrics: bench.metrics,
            time: HurriedTime()
        )
        await #expect(throws: JournalError.readTooLong) {
            try await driver.read { (tables) throws(SQLiteFault) in
                try tables.connection.number(Self.counting)
            }
        }
        #expect(try await driver.count(EntryQuery()) == 0)
        await driver.close()
    }

    @Test func `who looks on is ended by the growth of the log alone, and only while he reads`()
        async throws
    {
        let driver = try bench.open()
        var configuration = SQLiteJournalConfiguration()
        configuration.readerCount = 1
        configuration.onlookerLogByteCountMax = 64 << 10
        let onlooker = try SQLiteJournalDriver.openReadOnly(
            path: bench.path,
            configuration: configuration
        )
        func grow() async throws {
            for index in 0..<32 {
                _ = try await driver.append(try bench.observation("video_\(index)"))
            }
        }
        try await grow()
        let (reads, began) = AsyncStream.makeStream(of: Void.self)
        let read = Task {
            try await onlooker.read { (tables) throws(SQLiteFault) in
                _ = try tables.connection.number("SELECT count(*) FROM entries")
                began.yield()
                _ = try tables.connection.number(Self.counting)
            }
        }
        for await _ in reads { break }
        try await grow()
        await #expect(throws: JournalError.readTooLong) { try await read.value }
        #expect(try await onlooker.count(EntryQuery()) == 64)
        await onlooker.close()
        await driver.close()
    }

    @Test func `a backup gives up once the log has grown by what it may`() async throws {
        let driver = try bench.open()
        let target = bench.directory.file("copy.db")
        try FileTree.write([], to: target)
        var configuration = SQLiteJournalConfiguration()
        let writer = try Connection(path: bench.path, role: .reader)
        // More than is copied in one step.
        try writer.execute("INSERT INTO marks VALUES (hex(randomblob(4000000)), 1)")
        func copy() throws(JournalError) {
            _ = try JournalCopy.make(of: bench.path, at: target, configuration: configuration) {
                _ in
                // As a service beside it would.
                try? writer.execute("INSERT INTO marks VALUES (hex(randomblob(9000)), 1)")
            }
        }
        try copy()
        configuration.onlookerLogByteCountMax = 1
        #expect(throws: JournalError.readTooLong) { try copy() }
        await driver.close()
    }
}

/// A write of which the end is known.
private final class ToldWrite: TableWork {
    private let draft: EntryDraft
    let takesIn: Bool
    private let outcome = Locked<JournalError?>(nil)

    init(_ draft: EntryDraft, takesIn: Bool) {
        self.draft = draft
        self.takesIn = takesIn
    }

    var error: JournalError? { outcome.withLock { $0 } }
    func perform(_ tables: JournalTables) throws(SQLiteFault) { _ = try tables.append(draft) }
    func succeed() {}
    func fail(_ error: JournalError) { outcome.withLock { $0 = error } }
}

/// A clock on which every look takes a second.
private final class HurriedTime: TimeSource {
    private let seconds = Locked(0)

    func now() -> Timestamp { Timestamp(secondsSinceEpoch: 1_795_251_600) }
    func sleep(for _: Duration) async throws {}

    func uptime() -> Duration {
        seconds.withLock { seconds in
            seconds += 1
            return .seconds(seconds)
        }
    }
}
