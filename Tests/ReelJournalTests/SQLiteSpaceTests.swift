import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// What becomes of the space that deleted entries had, and of a log that readers hold.
struct SQLiteSpaceTests {
    private let bench: SQLiteBench
    private let deliveries: DeliveryMaker

    init() throws {
        bench = try SQLiteBench()
        deliveries = try DeliveryMaker()
    }

    /// Appends entries that nobody takes, and deletes them again.
    private func fillAndEmpty(_ driver: SQLiteJournalDriver, count: Int) async throws {
        for index in 0..<count {
            var draft = try deliveries.draft("wh_\(index)", eventID: "evt_\(index)")
            draft.plan = .unhandled(Reason("no_chain"))
            _ = try await driver.append(draft)
        }
        let end = Timestamp(secondsSinceEpoch: 4_000_000_000)
        var cursor: Int64? = 0
        while let from = cursor {
            cursor = try await driver.prune(
                PruneRequest(.entries(.unhandled), before: end, from: from)
            ).next
        }
    }

    @Test func `space that nothing uses is given back in pieces, but for a part`() async throws {
        var configuration = SQLiteJournalConfiguration()
        configuration.spareByteCount = 64 << 10
        let driver = try bench.open(configuration)
        try await fillAndEmpty(driver, count: 2_000)
        let before = try await driver.read { (tables) throws(SQLiteFault) in try tables.space() }
        #expect(before.spareByteCount > 256 << 10)
        var pieces: [Int64] = []
        while true {
            let outcome = try await driver.reclaim(atMost: 16)
            pieces.append(outcome.freedByteCount)
            if outcome.isComplete { break }
        }
        #expect(pieces.count > 2 && pieces.allSatisfy { $0 <= 16 * 4_096 })
        let after = try await driver.read { (tables) throws(SQLiteFault) in try tables.space() }
        #expect(after.byteCount == before.byteCount - pieces.reduce(0, +))
        let kept = max(Int64(64 << 10), before.byteCount / 16)
        #expect(abs(after.spareByteCount - kept) <= 32 << 10)
        #expect(try await driver.reclaim(atMost: 16).freedByteCount == 0)
        #expect(try await driver.integrityFaults() == [])
        #expect(try await driver.contradictions().isEmpty)
        let gauge = bench.metrics.gauge("reelhook_journal_bytes", help: "")
        #expect(gauge.value == after.byteCount)
        await driver.close()
    }

    @Test func `keys of entries that are gone go with them, and those after are found`()
        async throws
    {
        var configuration = SQLiteJournalConfiguration()
        configuration.keyBlockShift = 3
        var driver = try bench.open(configuration)
        try await fillAndEmpty(driver, count: 400)
        func runCount() async throws -> Int64 {
            try await driver.read { (tables) throws(SQLiteFault) in
                try tables.connection.number("SELECT count(*) FROM key_runs WHERE state <> 2")
            }
        }
        for index in 1_000..<1_020 {
            let draft = try deliveries.draft("wh_\(index)", eventID: "evt_\(index)")
            _ = try await driver.append(draft)
        }
        // Of the four blocks that have an entry, and a merge that is under way.
        #expect(try await runCount() <= 5)
        await driver.close()
        driver = try bench.open(configuration)
        let known = try deliveries.draft("wh_1001", eventID: "evt_1001")
        #expect(try await driver.append(known) == .redelivery(sequence: 402))
        let gone = try deliveries.draft("wh_7", eventID: "evt_7")
        #expect(try await driver.append(gone) == .appended(sequence: 421))
        #expect(try await runCount() <= 5)
        var query = EntryQuery()
        query.webhookID = "wh_7"
        #expect(try await driver.entries(query).map(\.sequence) == [421])
        await driver.close()

        // Nor are runs made of what is not there when none is left.
        let end = Timestamp(secondsSinceEpoch: 4_000_000_000)
        driver = try bench.open(configuration)
        let plans = (401...421).map {
            (sequence: Int64($0), plan: EventPlan.unhandled(Reason("a")))
        }
        try await driver.plan(plans)
        #expect(
            try await driver.prune(PruneRequest(.entries(.unhandled), before: end)).deletedCount
                == 21
        )
        await driver.close()
        driver = try bench.open(configuration)
        #expect(try await driver.append(known) == .appended(sequence: 422))
        #expect(try await runCount() <= 5)
        await driver.close()
    }

    @Test func `a short journal of an earlier version is made anew, a long one is not`()
        async throws
    {
        for (longest, mode) in [(Int64(1 << 30), Int64(2)), (0, 0)] {
            let path = bench.directory.file("old_\(mode).db")
            try FileTree.write(try Fixture.bytes("journal/schema-1.db"), to: path)
            var configuration = SQLiteJournalConfiguration()
            configuration.renewalByteCountMax = longest
            let driver = try bench.open(configuration, at: path)
            let found = try await driver.read { (tables) throws(SQLiteFault) in
                try tables.connection.number("PRAGMA auto_vacuum")
            }
            #expect(found == mode)
            #expect(try await driver.count(EntryQuery()) > 0)
            #expect(try await driver.integrityFaults() == [])
            #expect(try await driver.reclaim(atMost: 16).isComplete)
            await driver.close()
        }
    }

    @Test func `a reader that holds a log beyond its bound is told of, and not waited for often`()
        async throws
    {
        await (try bench.open()).close()
        let time = ManualTime()
        var configuration = SQLiteJournalConfiguration()
        configuration.checkpointByteCount = 1
        configuration.walByteCountMax = 1
        configuration.readerWait = .zero
        let reader = try Connection(path: bench.path, role: .reader)
        let writer = try Connection(path: bench.path, role: .writer)
        try writer.limit(configuration)
        let waits = Locked(0)
        let writing = try WritingBench(bench, configuration, time).writing(
            writer,
            checkpoint: { (connection, isWaiting) throws(SQLiteFault) in
                if isWaiting { waits.withLock { $0 += 1 } }
                return try connection.checkpoint(waiting: isWaiting)
            }
        )
        func write(_ index: Int) throws {
            let write = WatchedWrite(try bench.observation("video_\(index)"))
            writing.take([.work(write)], othersWait: false)
        }
        try write(0)
        try reader.execute("BEGIN")
        _ = try reader.number("SELECT count(*) FROM entries")
        let words = "The write-ahead log grows, since somebody reads what was before it"
        for index in 1...10 { try write(index) }
        #expect(bench.sink.messages.filter { $0 == words }.count == 1)
        // Once for the first write, before anybody read.
        #expect(waits.withLock { $0 } == 2)
        time.advance(by: configuration.readerWaitInterval)
        try write(11)
        #expect(bench.sink.messages.filter { $0 == words }.count == 2)
        try reader.execute("COMMIT")
        time.advance(by: configuration.readerWaitInterval)
        try write(12)
        try write(13)
        #expect(writer.walPageCount < 20, "the log has begun anew")
        #expect(bench.sink.messages.filter { $0 == words }.count == 2)
    }
}
