import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// What a journal does on a disk that is full, with some space kept in reserve.
struct DiskReserveTests {
    private let bench: SQLiteBench
    private let disk = ScriptedFiles()
    private let time = ManualTime()
    private let under: WritingBench
    private let connection: Connection
    private let writing: JournalWriting

    /// A journal that finds the disk full once the database and its log may not grow any more.
    init() async throws {
        bench = try SQLiteBench()
        await (try bench.open()).close()
        var configuration = SQLiteJournalConfiguration()
        configuration.reserveByteCount = 1 << 20
        under = WritingBench(bench, configuration, time)
        connection = try Connection(path: bench.path, role: .writer)
        writing = try under.writing(
            connection,
            reserve: DiskReserve(
                beside: try JournalFile(path: bench.path, in: disk),
                byteCount: configuration.reserveByteCount,
                metrics: under.metrics,
                logger: under.logger,
                time: time
            )
        )
    }

    /// A write of one event; it fails as on a full disk while there is no room.
    private func take(_ video: String, takesIn: Bool = true) throws -> Bool? {
        let write = ScriptedWrite(try bench.observation(video), disk, takesIn: takesIn)
        writing.take([.work(write)], othersWait: false)
        return write.isDone
    }

    private var isFull: Int64 { bench.metrics.gauge("reelhook_journal_disk_full", help: "").value }
    private var reserved: Int64 {
        bench.metrics.gauge("reelhook_journal_reserve_bytes", help: "").value
    }

    private func shortage() throws -> DiskShortage? {
        do throws(SQLiteFault) {
            return try JournalTables(Connection(path: bench.path, role: .reader)).shortage()
        } catch {
            throw error.journalError
        }
    }

    @Test func `what runs is brought to its end on a full disk, and nothing new is taken in`()
        throws
    {
        #expect(try take("video_1") == true)
        #expect(reserved == 1 << 20 && isFull == 0)
        #expect(try shortage() == nil)

        disk.free = 0
        #expect(try take("video_2") == false)
        #expect(disk.reserve == nil && reserved == 0 && isFull == 1)
        #expect(bench.sink.messages.contains("The disk is full: nothing new is taken in"))
        #expect(try shortage() == DiskShortage(since: time.now(), until: nil))
        // In what was let go there is room for the end of work.
        #expect(try take("video_3", takesIn: false) == true)
        #expect(try take("video_4") == false)

        // What was let go alone is no room for anybody else.
        time.advance(by: .seconds(2))
        disk.free = 1 << 20
        #expect(try take("video_5") == false)
        disk.free = 3 << 20
        #expect(try take("video_6") == false, "it looks once a second")
        time.advance(by: .seconds(2))
        #expect(try take("video_7") == true)
        #expect(disk.reserve == 1 << 20 && reserved == 1 << 20 && isFull == 0)
        #expect(try shortage()?.until == time.now())
        #expect(bench.sink.messages.contains("There is room on the disk again"))

        disk.free = 0
        #expect(try take("video_8") == false)
        #expect(try shortage() == DiskShortage(since: time.now(), until: nil))
    }

    @Test func `of writes that come together only the new ones are refused`() throws {
        disk.free = 0
        let works = try (0..<4).map { index in
            ScriptedWrite(
                try bench.observation("video_\(index)"),
                disk,
                takesIn: index % 2 == 0
            )
        }
        writing.take(works.map { .work($0) }, othersWait: false)
        #expect(works.map(\.isDone) == [false, true, false, true])
    }

    @Test func `an fsync that finds the disk full lets the reserve go`() throws {
        under.log.fail(with: .full)
        #expect(try take("video_1") == false)
        #expect(disk.reserve == nil && isFull == 1)
        #expect(try shortage() == DiskShortage(since: time.now(), until: nil))
        under.log.fail(with: nil)
        #expect(try take("video_2", takesIn: false) == true)
        #expect(try take("video_3") == false)
    }

    @Test func `on a full disk the log is copied only where all of it fits`() throws {
        var configuration = SQLiteJournalConfiguration()
        configuration.checkpointByteCount = 1
        let copies = Locked(0)
        let writing = try WritingBench(bench, configuration, time).writing(
            connection,
            reserve: DiskReserve(
                beside: try JournalFile(path: bench.directory.file("other.db"), in: disk),
                byteCount: 1 << 20,
                metrics: under.metrics,
                logger: under.logger,
                time: time
            ),
            checkpoint: { (_, _) throws(SQLiteFault) in
                copies.withLock { $0 += 1 }
                return false
            }
        )
        func take(_ video: String, takesIn: Bool) throws {
            let write = ScriptedWrite(try bench.observation(video), disk, takesIn: takesIn)
            writing.take([.work(write)], othersWait: false)
        }
        disk.free = 0
        disk.databaseByteCount = try byteCount() - 4_096
        try take("video_1", takesIn: true)
        try take("video_2", takesIn: false)
        #expect(copies.withLock { $0 } == 0)
        // Asked of the disk again only after a while.
        disk.free = 1 << 20
        try take("video_3", takesIn: false)
        #expect(copies.withLock { $0 } == 0)
        time.advance(by: configuration.checkpointRetryWait)
        try take("video_4", takesIn: false)
        #expect(copies.withLock { $0 } == 1)
        // What the log writes over needs no room.
        disk.free = 0
        disk.databaseByteCount = 1 << 30
        try take("video_5", takesIn: false)
        #expect(copies.withLock { $0 } == 2)
    }

    @Test func `a log that was held on a full disk is copied once there is room for the reserve`()
        async throws
    {
        var configuration = SQLiteJournalConfiguration()
        configuration.checkpointByteCount = 1
        configuration.walByteCountMax = 1
        configuration.heldLogByteCountMax = 32 << 10
        configuration.readerWait = .zero
        try connection.limit(configuration)
        let writing = try WritingBench(bench, configuration, time).writing(
            connection,
            reserve: DiskReserve(
                beside: try JournalFile(path: bench.directory.file("other.db"), in: disk),
                byteCount: 4_096,
                metrics: under.metrics,
                logger: under.logger,
                time: time
            )
        )
        func take(takesIn: Bool = true) throws -> Bool? {
            let write = ScriptedWrite(try bench.observation("video_1"), disk, takesIn: takesIn)
            writing.take([.work(write)], othersWait: false)
            return write.isDone
        }
        #expect(try take() == true)
        let reader = try Connection(path: bench.path, role: .reader)
        try reader.execute("BEGIN")
        _ = try reader.number("SELECT count(*) FROM entries")
        while try take() == true {}
        disk.free = 0
        // What runs goes on, and finds that the disk is full.
        #expect(try take(takesIn: false) == true)
        #expect(disk.reserve == nil && isFull == 1)
        #expect(try take() == false)
        try reader.execute("COMMIT")
        // More than the reserve takes, and less than the copy would.
        disk.free = 8_192
        time.advance(by: configuration.readerWaitInterval)
        #expect(try take() == true)
        #expect(isFull == 0)
    }

    private func byteCount() throws -> Int64 {
        do throws(SQLiteFault) { return try connection.byteCount() } catch {
            throw error.journalError
        }
    }

    @Test func `what is written goes on although it cannot be noted that there is room again`()
        throws
    {
        disk.free = 0
        #expect(try take("video_1") == false)
        time.advance(by: .seconds(2))
        disk.free = 3 << 20
        // SQLITE_READONLY for the note, which costs the connection.
        #expect((try? connection.run("PRAGMA query_only = 1")) != nil)
        #expect(try take("video_2") == true)
        #expect(disk.reserve == 1 << 20 && isFull == 0)
        #expect(bench.metrics.counter("reelhook_journal_reopenings_total", help: "").value == 1)
    }

    @Test func `a reserve that does not fit begins with a full disk, another fault without`()
        throws
    {
        for (error, isShort) in [(JournalError.full, true), (.cannotOpen, false)] {
            disk.refusal = error
            let reserve = DiskReserve(
                beside: try JournalFile(path: bench.directory.file("other.db"), in: disk),
                byteCount: 1 << 20,
                metrics: JournalMetrics(bench.metrics),
                logger: Logger(sink: bench.sink, level: .debug, time: time, component: "test"),
                time: time
            )
            #expect(reserve.isShort == isShort)
            #expect(!reserve.letGo())
            disk.refusal = nil
            disk.free = 4 << 20
            #expect(reserve.takeBack() == isShort)
        }
    }

    @Test func `the machine's disk gives the space of a file and takes it back`() throws {
        let files = SystemJournalFiles()
        let path = bench.directory.file(".reserve")
        try files.allocate(path, byteCount: 1 << 20)
        #expect(try FileTree.read(path).count == 1 << 20)
        try files.allocate(path, byteCount: 1 << 20)
        #expect(try files.freeByteCount(bench.directory.path) > 0)
        try files.remove(path)
        try files.remove(path)
        #expect(!(try FileTree.list(bench.directory.path)).contains(".reserve"))
        #expect(throws: JournalError.self) { try files.allocate(path, byteCount: 1 << 60) }
        #expect(!(try FileTree.list(bench.directory.path)).contains(".reserve"))
    }
}

/// A write that finds the disk full while there is no room, neither free nor let go.
private final class ScriptedWrite: TableWork {
    private let draft: EntryDraft
    private let disk: ScriptedFiles
    let takesIn: Bool
    private let outcome = Locked<Bool?>(nil)

    init(_ draft: EntryDraft, _ disk: ScriptedFiles, takesIn: Bool) {
        self.draft = draft
        self.disk = disk
        self.takesIn = takesIn
    }

    var isDone: Bool? { outcome.withLock { $0 } }

    func perform(_ tables: JournalTables) throws(SQLiteFault) {
        // SQLITE_FULL (sqlite.org/rescode.html).
        guard disk.free > 0 || disk.reserve == nil else { throw SQLiteFault(code: 13) }
        _ = try tables.append(draft)
    }

    func succeed() { outcome.withLock { $0 = true } }
    func fail(_ error: JournalError) { outcome.withLock { $0 = false } }
}

/// Files of which only the reserve is of interest.
private final class ScriptedFiles: JournalFiles {
    private struct State {
        var free: Int64 = 1 << 30
        var databaseByteCount: Int64 = 0
        var reserve: Int64?
        var refusal: JournalError?
    }

    private let state = Locked(State())
    private let system = SystemJournalFiles()

    var free: Int64 {
        get { state.withLock { $0.free } }
        set { state.withLock { $0.free = newValue } }
    }

    var databaseByteCount: Int64 {
        get { state.withLock { $0.databaseByteCount } }
        set { state.withLock { $0.databaseByteCount = newValue } }
    }

    func byteCount(_ path: String) throws(JournalError) -> Int64 { databaseByteCount }

    var refusal: JournalError? {
        get { state.withLock { $0.refusal } }
        set { state.withLock { $0.refusal = newValue } }
    }

    var reserve: Int64? { state.withLock { $0.reserve } }
    var name: String? { nil }

    func lock(_ path: String) throws(JournalError) -> any AnyObject & Sendable {
        try system.lock(path)
    }

    func create(_ path: String) throws(JournalError) { try system.create(path) }

    func open(_ path: String) throws(JournalError) -> (any OpenJournalFile)? {
        try system.open(path)
    }

    func synchronizeDirectory(_ path: String) throws(JournalError) {
        try system.synchronizeDirectory(path)
    }

    func allocate(_ path: String, byteCount: Int64) throws(JournalError) {
        if let refusal { throw refusal }
        state.withLock { $0.reserve = byteCount }
    }

    func remove(_ path: String) throws(JournalError) { state.withLock { $0.reserve = nil } }
    func freeByteCount(_ directory: String) throws(JournalError) -> Int64 { free }
}
