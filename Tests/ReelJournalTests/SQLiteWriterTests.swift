internal import CReelSQLite
import Glibc
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// What becomes of writes that share a commit.
struct SQLiteWriterTests {
    // SQLITE_CONSTRAINT, SQLITE_IOERR_FSYNC (sqlite.org/rescode.html).
    private static let ofItsOwn = SQLiteFault(code: 19)
    private static let ofTheDisk = SQLiteFault(code: 10 | 4 << 8)

    @Test func `a write that cannot be done does not take the others with it`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let outcomes = try await withThrowingTaskGroup(of: Result<Int64, JournalError>.self) {
            group in
            for index in 0..<300 {
                let draft = try bench.observation("video_\(index)")
                group.addTask {
                    do throws(JournalError) {
                        let sequence = try await driver.write {
                            (tables) throws(SQLiteFault) -> Int64 in
                            let outcome = try tables.append(draft)
                            if index.isMultiple(of: 50) { throw Self.ofItsOwn }
                            guard case .appended(let sequence) = outcome else { return -1 }
                            return sequence
                        }
                        return .success(sequence)
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let sequences = outcomes.compactMap { outcome -> Int64? in
            guard case .success(let sequence) = outcome else { return nil }
            return sequence
        }
        #expect(sequences.sorted() == Array(1...294))
        #expect(try await driver.lastSequence() == 294)
        #expect(try await driver.jobs(JobQuery()).count == 50)
        #expect(try await driver.integrityFaults().isEmpty)
        await driver.close()
    }

    @Test func `after the disk has failed the journal is opened anew`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_1"))
        await #expect(throws: JournalError.io) {
            try await driver.write { (tables) throws(SQLiteFault) in
                try tables.connection.run("DELETE FROM entries")
                throw Self.ofTheDisk
            }
        }
        #expect(bench.metrics.counter("reelhook_journal_reopenings_total", help: "").value == 0)
        let outcome = try await driver.append(bench.observation("video_2"))
        #expect(outcome == .appended(sequence: 2))
        #expect(bench.metrics.counter("reelhook_journal_reopenings_total", help: "").value == 1)
        #expect(try await driver.entries(EntryQuery()).map(\.sequence) == [2, 1])
        await driver.close()
        #expect(bench.sink.messages.contains("The journal is open again"))
    }

    @Test func `a connection that cannot write is not kept`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        // As SQLite makes it when it opens the log while the disk is read-only.
        try await driver.write { (tables) throws(SQLiteFault) in
            try tables.connection.execute("PRAGMA query_only = 1")
        }
        await #expect(throws: JournalError.io) {
            try await driver.append(bench.observation("video_1"))
        }
        let outcome = try await driver.append(bench.observation("video_1"))
        #expect(outcome == .appended(sequence: 1))
        #expect(bench.metrics.counter("reelhook_journal_reopenings_total", help: "").value == 1)
        await driver.close()
    }

    @Test func `more writes than may wait are refused as overloaded`() async throws {
        let bench = try SQLiteBench()
        var configuration = SQLiteJournalConfiguration()
        configuration.queuedWriteCountMax = 4
        let driver = try bench.open(configuration)
        let drafts = try (0..<500).map { try bench.observation("video_\($0)") }
        let (isHeld, refusedCount) = (Locked(false), Locked(0))
        let refused = await withTaskGroup(of: JournalError?.self) { group in
            group.addTask {
                // Takes the writer's thread until nobody else can be refused.
                _ = try? await driver.write { (_) throws(SQLiteFault) in
                    isHeld.withLock { $0 = true }
                    while refusedCount.withLock({ $0 }) < 496 { sched_yield() }
                }
                return nil
            }
            while !isHeld.withLock({ $0 }) { await Task.yield() }
            for draft in drafts {
                group.addTask {
                    do throws(JournalError) {
                        _ = try await driver.append(draft)
                        return nil
                    } catch {
                        refusedCount.withLock { $0 += 1 }
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        #expect(refused.count == 496)
        #expect(refused.allSatisfy { $0 == .overloaded })
        #expect(try await driver.lastSequence() == Int64(500 - refused.count))
        await driver.close()
    }

    @Test func `writes that come together share a commit, and are counted`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let drafts = try (0..<1_000).map { try bench.observation("video_\($0 / 2)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for draft in drafts { group.addTask { _ = try await driver.append(draft) } }
            try await group.waitForAll()
        }
        func appends(_ outcome: String) -> Int64 {
            bench.metrics.counter(
                "reelhook_journal_appends_total",
                help: "",
                labels: ["outcome": outcome]
            ).value
        }
        #expect(appends("appended") == 500 && appends("duplicate_fact") == 500)
        let commits = bench.metrics.counter("reelhook_journal_commits_total", help: "").value
        #expect((1..<1_000).contains(commits))
        await driver.close()
    }

    @Test func `the log is copied into the database and begins anew`() async throws {
        let bench = try SQLiteBench()
        var configuration = SQLiteJournalConfiguration()
        configuration.checkpointByteCount = 1 << 20
        let driver = try bench.open(configuration)
        for round in 0..<40 {
            let drafts = try (0..<50).map { try bench.observation("video_\(round)_\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for draft in drafts { group.addTask { _ = try await driver.append(draft) } }
                try await group.waitForAll()
            }
        }
        let copies = bench.metrics.counter("reelhook_journal_checkpoints_total", help: "").value
        #expect(copies >= 2)
        #expect(try FileTree.read(bench.path + "-wal").count < 4 << 20)
        #expect(try await driver.integrityFaults().isEmpty)
        await driver.close()
    }

    @Test func `every filter goes by an index in the order of the sequence`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_1"))
        let video = try #require(VideoID("video_1"))
        let filters: [(String, @Sendable (inout EntryQuery) -> Void)] = [
            ("none", { _ in }),
            ("type", { $0.types = ["video.completed"] }),
            ("state", { $0.states = [.dead, .pending] }),
            ("origin", { $0.origin = .poll }),
            ("video", { $0.videoID = video }),
            ("webhook id", { $0.webhookID = "wh_1" }),
            ("event id", { $0.eventID = "evt_1" }),
            ("unplanned", { $0.isUnplanned = true }),
            ("page", { $0.before = 1_000 }),
            ("time", { $0.receivedFrom = Timestamp(millisecondsSinceEpoch: 0) }),
        ]
        for (name, change) in filters {
            var query = EntryQuery()
            change(&query)
            let asked = query
            let plan = try await driver.read { (tables) throws(SQLiteFault) in
                var steps: [String] = []
                for selection in try tables.selections(for: asked) {
                    steps += try tables.connection.rows(
                        composed: """
                            EXPLAIN QUERY PLAN SELECT sequence FROM entries \(selection.index)
                            WHERE \(selection.condition) ORDER BY sequence DESC LIMIT 50
                            """,
                        selection.values
                    ) { $0.text(3) }
                }
                return steps
            }
            #expect(!plan.isEmpty, "\(name)")
            let isByHash = name == "webhook id" || name == "event id"
            // Entries of one hash are few; all others must not be sorted.
            #expect(isByHash || !plan.contains { $0.contains("TEMP B-TREE") }, "\(name): \(plan)")
            #expect(
                name == "none" || name == "unplanned"
                    || !plan.contains { $0.hasPrefix("SCAN entries") },
                "\(name): \(plan)"
            )
        }
        await driver.close()
    }

    @Test func `whoever opens the journal looks at once after those who wait for their turn`()
        async throws
    {
        let bench = try SQLiteBench()
        var driver = try bench.open()
        let now = Timestamp(secondsSinceEpoch: 1_795_251_600)
        let later = now + .seconds(3_600)
        for index in 1...2 {
            _ = try await driver.append(try bench.observation("video_\(index)"))
            let plan = RunPlan(chain: "tell", steps: ["tell"])
            try await driver.plan([(sequence: Int64(index), plan: .runs([plan]))])
        }
        let request = ClaimRequest(owner: "one", now: now, leaseUntil: later, limit: 2)
        let reasons = [Reason(ClaimRequest.turnCode, "target"), Reason("asked_to_wait")]
        for (claim, reason) in zip(try await driver.claim(request), reasons) {
            _ = try await driver.settle(
                claim,
                .hold(until: later, reason),
                startedAt: now,
                endedAt: now,
                leaseUntil: later
            )
        }
        #expect(try await driver.claim(request).isEmpty)
        await driver.close()
        driver = try bench.open()
        #expect(try await driver.claim(request).map(\.entry.sequence) == [1])
        await driver.close()
    }

    @Test func `those who wait for their turn are found in order, and sorted by nothing`()
        async throws
    {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let plan = try await driver.read { (tables) throws(SQLiteFault) in
            try tables.connection.rows(
                composed: "EXPLAIN QUERY PLAN \(JournalTables.callStatement)",
                [.integer(0), .text("a"), .integer(1)]
            ) { $0.text(3) }
        }
        #expect(plan.contains { $0.contains("INDEX runs_in_turn (reason_detail=?)") }, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE FOR ORDER") }, "\(plan)")
        #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
        #expect("\(JournalTables.callStatement)".contains("'\(ClaimRequest.turnCode)'"))
        await driver.close()
    }

    @Test
    func `a list of few costs as much in a long journal as in a short one`() async throws {
        let bench = try SQLiteBench()
        await (try bench.open()).close()
        let tables = JournalTables(try Connection(path: bench.path, role: .writer))
        var costs: [[Int]] = []
        for count in [100, 2_000] {
            let drafts = try (0..<count).map { try bench.observation("video_\(count)_\($0)") }
            let all = try bench.transaction(tables) { (tables) throws(SQLiteFault) in
                for draft in drafts { _ = try tables.append(draft) }
                return try tables.sequences(of: EntryQuery()).count
            }
            #expect(all > 0)
            costs.append(
                try Self.filters.map { filter in
                    var query = EntryQuery()
                    filter(&query)
                    query.limit = 10
                    return try bench.cost(tables, of: query)
                }
            )
        }
        for (short, long) in zip(costs[0], costs[1]) { #expect(long <= short + 20) }
        #expect(costs[0].allSatisfy { $0 > 0 })
    }

    @Test
    func `a few dead runs among many that wait are found in a few steps`() async throws {
        let bench = try SQLiteBench()
        await (try bench.open()).close()
        let tables = JournalTables(try Connection(path: bench.path, role: .writer))
        var costs: [Int] = []
        for count in [20, 300] {
            // Dead, then one of which a chain waits, then waiting.
            let drafts = try (0...2 * count).map { try bench.observation("video_\(count)_\($0)") }
            try bench.transaction(tables) { (tables) throws(SQLiteFault) in
                for (index, draft) in drafts.enumerated() {
                    let verdicts = [
                        index > count ? Self.later : Self.gone,
                        index < count ? Self.gone : Self.later,
                    ]
                    try bench.append(draft, verdicts, to: tables)
                }
            }
            var query = EntryQuery()
            (query.types, query.states, query.limit) = (["video.completed"], [.dead], 10)
            let asked = query
            costs.append(try bench.cost(tables, of: asked))
            let found = try bench.transaction(tables) { (tables) throws(SQLiteFault) in
                try tables.sequences(of: asked)
            }
            let half = try bench.transaction(tables) { (tables) throws(SQLiteFault) in
                try tables.lastSequence() - Int64(count)
            }
            #expect(found == (0..<10).map { half - $0 })
        }
        #expect(costs[1] <= costs[0] + 20)
    }

    private static let gone = StepVerdict.dead(Reason("gone"))
    private static let later = StepVerdict.retry(
        at: Timestamp(secondsSinceEpoch: 4_000_000_000),
        Reason("busy")
    )

    private static let filters: [@Sendable (inout EntryQuery) -> Void] = [
        { $0.types = ["video.completed"] }, { $0.states = [.pending] }, { $0.states = [.dead] },
        { $0.origin = .poll }, { $0.origin = .webhook },
        { ($0.types, $0.states, $0.origin) = (["video.completed"], [.pending], .poll) },
    ]
}

extension SQLiteBench {
    /// Does something in a transaction.
    fileprivate func transaction<Result>(
        _ tables: JournalTables,
        _ work: (JournalTables) throws(SQLiteFault) -> Result
    ) throws -> Result {
        do throws(SQLiteFault) {
            try tables.connection.run("BEGIN IMMEDIATE")
            let result = try work(tables)
            try tables.connection.run("COMMIT")
            return result
        } catch {
            throw error.journalError
        }
    }

    /// Appends an event and brings its chains to these verdicts.
    fileprivate func append(
        _ draft: EntryDraft,
        _ verdicts: [StepVerdict],
        to tables: JournalTables
    ) throws(SQLiteFault) {
        let moment = draft.receivedAt
        guard case .appended(let sequence) = try tables.append(draft) else { throw .misread }
        let plans = verdicts.indices.map { RunPlan(chain: "chain \($0)", steps: ["run"]) }
        try tables.plan(sequence, .runs(plans))
        let end = moment + .seconds(60)
        let request = ClaimRequest(owner: "test", now: moment, leaseUntil: end, limit: 10)
        for (claim, verdict) in zip(try tables.claim(request), verdicts) {
            _ = try tables.settle(
                claim,
                verdict,
                startedAt: moment,
                endedAt: moment,
                leaseUntil: end
            )
        }
    }

    /// The steps of SQLite's machine that a query takes, in tens.
    fileprivate func cost(_ tables: JournalTables, of query: EntryQuery) throws -> Int {
        let count = Locked(0)
        let handle = unsafe tables.connection.handle
        let address = unsafe Unmanaged.passUnretained(count).toOpaque()
        unsafe sqlite3_progress_handler(
            handle,
            10,
            { address in
                guard let address = unsafe address else { return 0 }
                unsafe Unmanaged<Locked<Int>>.fromOpaque(address).takeUnretainedValue()
                    .withLock { $0 += 1 }
                return 0
            },
            address
        )
        defer { unsafe sqlite3_progress_handler(handle, 0, nil, nil) }
        do throws(SQLiteFault) {
            _ = try tables.sequences(of: query)
        } catch {
            throw error.journalError
        }
        return count.withLock { $0 }
    }
}
