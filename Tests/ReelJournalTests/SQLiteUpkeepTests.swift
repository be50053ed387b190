import Glibc
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

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
        try await driver.bring(record)
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

    @Test(arguments: [
        // Of an entry that has a digest, whatever is changed; of one without, what was read of it.
        ("body = CAST(CAST(body AS TEXT) || ' ' AS BLOB)", true),
        ("body = CAST('{}' AS BLOB), digest = NULL", true),
        ("body = CAST('{' AS BLOB), digest = NULL", true),
        ("body = (SELECT body FROM bodies WHERE sequence = 1)", true),
        ("digest = (SELECT digest FROM bodies WHERE sequence = 1)", true),
        ("digest = NULL", false),
        ("sequence = sequence", false),
    ])
    func `a body that is not what was appended is found`(
        _ change: String,
        _ isFound: Bool
    ) async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        for index in 1...5 { _ = try await driver.append(bench.observation("video_\(index)")) }
        await driver.close()
        try Connection(path: bench.path, role: .writer)
            .execute("UPDATE bodies SET \(change) WHERE sequence = 2")
        let again = try bench.open()
        var last: Int64? = 0
        var count = 0
        var places: [String] = []
        while let from = last {
            let report = try await again.compareBodies(after: from, limit: 2)
            count += report.count
            places += report.faults.map(\.place)
            last = report.last
        }
        #expect(count == 5)
        #expect(places == (isFound ? ["body 2"] : []))
        await again.close()
    }

    @Test(arguments: [0, 1, 7, 8, 9, 16, 500])
    func `every bit of a body counts in its digest, and its sequence`(_ count: Int) {
        var body = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var digests: Set<Int64> = [BodyDigest.of(body, of: 1), BodyDigest.of(body, of: 2)]
        for bit in 0..<(count * 8) {
            body[bit / 8] ^= 1 << (bit % 8)
            digests.insert(BodyDigest.of(body, of: 1))
            body[bit / 8] ^= 1 << (bit % 8)
        }
        digests.insert(BodyDigest.of(body + [0], of: 1))
        #expect(digests.count == count * 8 + 3)
    }

    @Test func `a digest never changes`() {
        #expect(BodyDigest.of([], of: 1) == 3_837_615_621_231_421_878)
        let body = Array(#"{"id":"evt_1"}"#.utf8)
        #expect(BodyDigest.of(body, of: 42) == 1_939_721_689_042_675_320)
    }

    @Test func `steps that are done are listed with the files of their videos`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let reason = Reason("gone")
        for index in 1...4 {
            _ = try await driver.append(bench.observation("video_\(index)"))
            let steps = [["fetch", "store"], ["store", "fetch"], ["fetch"]][max(index - 2, 0)]
            let plan = EventPlan.runs([RunPlan(chain: "c\(index)", steps: steps)])
            try await driver.plan([(sequence: Int64(index), plan: plan)])
        }
        let moment = Timestamp(secondsSinceEpoch: 1)
        let end = moment + .seconds(60)
        var claims = try await driver.claim(
            ClaimRequest(owner: "o", now: moment, leaseUntil: end, limit: 9)
        )
        while let claim = claims.popLast() {
            // The second comes no further than its fetch.
            let isLast = claim.entry.sequence == 2 && claim.stepIndex == 1
            let note = "step \(claim.stepIndex) of \(claim.entry.sequence)"
            let outcome = try await driver.settle(
                claim,
                isLast ? .dead(reason) : .done(note: note),
                startedAt: moment,
                endedAt: moment,
                leaseUntil: end
            )
            if case .next(let next) = outcome { claims.append(next) }
        }
        for variant in ["video", "thumbnail"] {
            try await driver.bring(
                AssetRecord(
                    provider: "openai",
                    videoID: try #require(VideoID("video_1")),
                    variant: variant,
                    state: .absent,
                    updatedAt: moment
                )
            )
        }
        var found: [FinishedStep] = []
        while true {
            let page = try await driver.finishedSteps(named: "store", after: found.last, limit: 1)
            if page.isEmpty { break }
            found += page
        }
        #expect(found.map(\.sequence) == [1, 3])
        #expect(found.map(\.note) == ["step 1 of 1", "step 0 of 3"])
        #expect(found.map(\.variants) == [["video", "thumbnail"], []])
        #expect(found.map(\.videoID.rawValue) == ["video_1", "video_3"])
        await driver.close()
    }

    /// Does all there is to do in a journal, but one entry is given up after its first step.
    private func finishAll(_ driver: SQLiteJournalDriver, but dead: Int64) async throws {
        let moment = Timestamp(secondsSinceEpoch: 1)
        let end = moment + .seconds(60)
        let request = ClaimRequest(owner: "o", now: moment, leaseUntil: end, limit: 9)
        var claims = try await driver.claim(request)
        while let claim = claims.popLast() {
            let isGivenUp = claim.entry.sequence == dead && claim.stepIndex > 0
            let outcome = try await driver.settle(
                claim,
                isGivenUp ? .dead(Reason("gone")) : .done(note: nil),
                startedAt: moment,
                endedAt: moment,
                leaseUntil: end
            )
            if case .next(let next) = outcome { claims.append(next) }
            if claims.isEmpty { claims = try await driver.claim(request) }
        }
    }

    @Test(arguments: [
        ("sequence = 2 AND position = 3", "after"), ("sequence = 2 AND position > 0", "tell-a"),
        ("sequence = 2 AND position = 2", "tell-b"), ("sequence = 2 AND position = 0", "fetch"),
        ("sequence = 0", nil),
    ])
    func `an event whose next steps never began is found, until it is replayed`(
        _ rows: String,
        _ step: String?
    ) async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let plan = RunPlan(
            chain: "archive",
            steps: ["fetch", "store", "tell-a", "tell-b", "after"],
            lanes: [nil, nil, "a", "b", nil]
        )
        for index in 1...4 {
            _ = try await driver.append(bench.observation("video_\(index)"))
            try await driver.plan([(sequence: Int64(index), plan: .runs([plan]))])
        }
        try await finishAll(driver, but: 3)
        #expect(try await driver.contradictions() == [])
        await driver.close()
        let hand = try Connection(path: bench.path, role: .writer)
        let attempts = "DELETE FROM attempts WHERE \(rows)"
        try hand.execute("\(attempts); DELETE FROM runs WHERE \(rows)")

        let again = try bench.open()
        let expected = step.map { step in
            JournalContradiction(
                place: "entry 2",
                message: "step \(step) of chain archive never began, though what comes before it"
                    + " is done",
                remedy: .replay(sequence: 2)
            )
        }
        #expect(try await again.contradictions() == [expected].compactMap(\.self))
        let entry = try #require(try await again.entry(2))
        _ = try await again.append(EntryDraft(replayOf: entry, at: entry.receivedAt))
        #expect(try await again.contradictions() == [])
        await again.close()
    }

    @Test(arguments: [1, 2, 3, 100])
    func `rows are compared in pieces, and none is left out`(_ rowCount: Int) async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        for index in 1...7 { _ = try await driver.append(bench.observation("video_\(index)")) }
        await driver.close()
        try Connection(path: bench.path, role: .writer).execute(
            """
            DELETE FROM bodies WHERE sequence IN (1, 4, 7);
            INSERT INTO bodies (sequence, body) VALUES (0, x'00'), (-3, x'00'), (99, x'00');
            DELETE FROM entries WHERE sequence = 3;
            UPDATE videos SET fact_sequence = NULL WHERE number IN (1, 6, 7);
            """
        )
        let again = try bench.open()
        var places: [String] = []
        var pieceCount = 0
        for compared in JournalTables.Compared.allCases {
            var last: Int64? = .min
            while let from = last {
                let piece = try await again.read { (tables) throws(SQLiteFault) in
                    try tables.contradictions(
                        of: compared,
                        after: from,
                        rowCount: rowCount,
                        limit: 9
                    )
                }
                places += piece.found.map(\.place)
                pieceCount += 1
                last = piece.last
            }
        }
        let expected = ["entry 1", "entry 4", "entry 7", "body -3", "body 3", "body 99"]
        #expect(places.sorted() == (expected + [1, 6, 7].map { "video video_\($0)" }).sorted())
        #expect(pieceCount == (6 / rowCount + 1) + (7 / rowCount + 1))
        await again.close()
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
