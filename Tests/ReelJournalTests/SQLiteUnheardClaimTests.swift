import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// What becomes of claims that were given by a write of which nobody heard but that it failed.
struct SQLiteUnheardClaimTests {
    private let bench: SQLiteBench
    private let files = FaultyLogFiles()
    private let driver: SQLiteJournalDriver
    private static let start = Timestamp(secondsSinceEpoch: 1_795_251_600)

    init() async throws {
        bench = try SQLiteBench()
        driver = try bench.open(on: SQLiteGround(files: files))
        for index in 1...2 {
            _ = try await driver.append(bench.observation("video_\(index)"))
        }
        let plan = RunPlan(chain: "archive", steps: ["fetch", "store", "tell"])
        try await driver.plan([(sequence: 1, plan: .runs([plan]))])
    }

    private func at(_ seconds: Int) -> Timestamp { Self.start + .seconds(seconds) }

    /// A round at a moment, which claims one run besides.
    private func round(
        at seconds: Int,
        done claim: Claim? = nil,
        limit: Int = 1,
        owner: String = "one"
    ) -> DispatchRound {
        var round = DispatchRound(leaseUntil: at(seconds + 60))
        round.settlements = [claim].compactMap(\.self).map {
            DispatchRound.Settlement(
                claim: $0,
                verdict: .done(note: nil),
                startedAt: at(seconds),
                endedAt: at(seconds)
            )
        }
        round.claim = ClaimRequest(
            owner: owner,
            now: at(seconds),
            leaseUntil: at(seconds + 60),
            limit: limit
        )
        return round
    }

    /// Fails once it is committed.
    private func expectFailure(_ round: DispatchRound) async throws {
        // Opens the journal again where the last failure closed it, which waits for the disk, too.
        try await driver.probe()
        files.failNext()
        await #expect(throws: JournalError.io) { try await driver.advance(round) }
    }

    /// Has it be as after a write that failed before its commit.
    private func noteFailed(token: Int64, step: Int) async throws {
        let claim = Claim(
            entry: try #require(try await driver.entry(1)),
            chain: "archive",
            firstStep: 0,
            stepIndex: step,
            stepName: "",
            attempt: 1,
            checkpoint: nil,
            token: token,
            leaseUntil: at(60)
        )
        driver.writer?.unheard.note([UnheardClaims.Claimed(claim)])
    }

    private func state() async throws -> EventState? { try await driver.entry(1)?.state }

    @Test func `a claim nobody heard of is given at once, and no attempt is counted`() async throws
    {
        for second in [0, 1, 2] {
            try await expectFailure(round(at: second))
            // It failed, and stands there all the same.
            #expect(try await state() == .running)
        }
        let outcome = try await driver.advance(round(at: 3))
        #expect(outcome.claims.map(\.stepName) == ["fetch"])
        #expect(outcome.claims.map(\.attempt) == [1])
        #expect(outcome.claims.map(\.token) == [4])
        #expect(try await driver.attempts(of: 1).isEmpty)
        // From here on somebody holds it.
        #expect(try await driver.advance(round(at: 4)).claims.isEmpty)
        await driver.close()
    }

    @Test func `where nobody claims it again it waits, and says why`() async throws {
        try await expectFailure(round(at: 0))
        #expect(try await driver.advance(round(at: 1, limit: 0)).claims.isEmpty)
        let entry = try #require(try await driver.entry(1))
        #expect(entry.state == .waiting && entry.reason?.code == "journal_failed")
        #expect(try await driver.outlook().nextDueAt == at(1))
        await driver.close()
    }

    @Test func `a step that nobody heard was recorded is not done again, and the next begins`()
        async throws
    {
        let claim = try #require(try await driver.advance(round(at: 0)).claims.first)
        try await expectFailure(round(at: 1, done: claim))
        let outcome = try await driver.advance(round(at: 2, done: claim))
        #expect(outcome.settled == [.fenced])
        #expect(outcome.claims.map(\.stepName) == ["store"])
        #expect(outcome.claims.map(\.attempt) == [1])
        #expect(try await driver.attempts(of: 1).map(\.outcome) == ["done"])
        await driver.close()
    }

    @Test func `what a round that came to nothing would have given stays whose it is`()
        async throws
    {
        let claim = try #require(try await driver.advance(round(at: 0)).claims.first)
        try await noteFailed(token: 1, step: 1)
        let outcome = try await driver.advance(round(at: 2, done: claim))
        let next = try #require(outcome.settled.first?.next)
        #expect(next.stepName == "store" && outcome.claims.isEmpty)
        #expect(try await driver.advance(round(at: 3)).claims.isEmpty)
        let last = try await driver.advance(round(at: 4, done: next))
        #expect(last.settled.map { $0.next?.stepName } == ["tell"])
        await driver.close()
    }

    @Test func `a claim that another was given meanwhile stays his`() async throws {
        try await noteFailed(token: 1, step: 0)
        let other = try #require(
            try await driver.advance(round(at: 1, owner: "another")).claims.first
        )
        #expect(other.token == 1)
        #expect(try await driver.advance(round(at: 2)).claims.isEmpty)
        let settled = try await driver.advance(round(at: 3, done: other, owner: "another")).settled
        #expect(settled.map { $0.next?.stepName } == ["store"])
        await driver.close()
    }

    @Test func `two that share a transaction take back once, and not what the other was given`()
        async throws
    {
        try await expectFailure(round(at: 0))
        let unheard = try #require(driver.writer?.unheard)
        let failed = try #require(try await driver.steps(of: [1])[1]?.first)
        #expect(failed.state == .running)
        let requests = [round(at: 1), round(at: 1, owner: "another")].compactMap(\.claim)
        // As a writer performs them that has both waiting.
        let tokens = try await driver.write { (tables) throws(SQLiteFault) in
            var tokens: [[Int64]] = []
            for request in requests {
                try tables.takeBack(unheard.take(), at: request.now)
                tokens.append(try tables.claim(request).map(\.token))
            }
            return tokens
        }
        #expect(tokens == [[2], []])
        await driver.close()
    }
}

/// The machine's files, but for an fsync of the log that fails when a test says so.
private final class FaultyLogFiles: JournalFiles {
    private let files = SystemJournalFiles()
    private let fails = Locked(false)

    /// Has the next fsync of a log fail.
    func failNext() { fails.withLock { $0 = true } }

    var name: String? { files.name }
    func resolved(_ path: String) -> String { files.resolved(path) }
    func lock(_ path: String) throws(JournalError) -> any AnyObject & Sendable {
        try files.lock(path)
    }
    func create(_ path: String) throws(JournalError) { try files.create(path) }
    func synchronizeDirectory(_ path: String) throws(JournalError) {
        try files.synchronizeDirectory(path)
    }

    func open(_ path: String) throws(JournalError) -> (any OpenJournalFile)? {
        try files.open(path).map { Log(file: $0, fails: fails) }
    }

    private struct Log: OpenJournalFile {
        let file: any OpenJournalFile
        let fails: Locked<Bool>

        func read(at offset: Int, count: Int) throws(JournalError) -> [UInt8] {
            try file.read(at: offset, count: count)
        }

        func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
            try file.write(bytes, at: offset)
        }

        func synchronize() throws(JournalError) {
            let isToFail = fails.withLock { fails in
                defer { fails = false }
                return fails
            }
            if isToFail { throw .io }
            try file.synchronize()
        }
    }
}
