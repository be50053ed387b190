import ReelJournal
import ReelJournalSQLite
import ReelRuntime
import TestSupport
import Testing

/// What is left when the process or the power goes: the files as they stand, without a close.
struct SQLiteCrashTests {
    /// The files of an open journal as a crash would leave them, under another name.
    private func wreck(_ bench: SQLiteBench, _ name: String, wal: [UInt8]? = nil) throws -> String {
        let path = bench.directory.file(name)
        try FileTree.write(try FileTree.read(bench.path), to: path)
        let log = try wal ?? FileTree.read(bench.path + "-wal")
        try FileTree.write(log, to: path + "-wal")
        return path
    }

    @Test func `what was acknowledged is there after a kill`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        for index in 1...50 {
            let outcome = try await driver.append(bench.observation("video_\(index)"))
            #expect(outcome == .appended(sequence: Int64(index)))
            guard index.isMultiple(of: 10) else { continue }
            let again = try bench.open(at: try wreck(bench, "wreck_\(index).db"))
            #expect(try await again.lastSequence() == Int64(index))
            #expect(try await again.integrityFaults().isEmpty)
            let next = try await again.append(bench.observation("video_after"))
            #expect(next == .appended(sequence: Int64(index) + 1))
            await again.close()
        }
        await driver.close()
    }

    @Test func `a log that was left behind is written again before anything is accepted`()
        async throws
    {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        for index in 1...300 { _ = try await driver.append(bench.observation("video_\(index)")) }
        let path = try wreck(bench, "left.db")
        let log = try FileTree.read(path + "-wal")
        #expect(log.count > 1 << 20, "more than a piece of it")
        let before = Timestamp(secondsSinceEpoch: 86_400)
        try FileTree.setModificationTime(path + "-wal", before)
        let again = try bench.open(at: path)
        #expect(try FileTree.modificationTime(path + "-wal") > before)
        #expect(try FileTree.read(path + "-wal") == log)
        #expect(try await again.lastSequence() == 300)
        await again.close()
        await driver.close()
    }

    @Test func `a kill while the first page is written leaves a journal that opens`() async throws {
        let bench = try SQLiteBench()
        // What undoes it: a header that says that the file was empty (sqlite.org/fileformat.html,
        // section 3).
        var header: [UInt8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
        header += [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x10, 0]
        header += [UInt8](repeating: 0, count: 512 - header.count)
        try FileTree.write([UInt8](repeating: 0, count: 4_096), to: bench.path)
        try FileTree.write(header, to: bench.path + "-journal")
        let driver = try bench.open()
        #expect(try await driver.append(bench.observation("video_1")) == .appended(sequence: 1))
        #expect(try await driver.integrityFaults().isEmpty)
        await driver.close()
    }

    @Test func `a torn log keeps the writes before the tear and none after`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        for index in 1...20 { _ = try await driver.append(bench.observation("video_\(index)")) }
        let log = try FileTree.read(bench.path + "-wal")
        let random = SeededRandomSource(seed: 4)
        var kept: [(byteCount: Int, last: Int64)] = []
        for round in 0..<60 {
            let place = Int(random.below(UInt64(log.count)))
            var torn = log
            switch round % 3 {
            case 0: torn.removeSubrange(place...)
            case 1: torn[place] ^= 1 << UInt8(random.below(8))
            default: for index in place..<torn.count { torn[index] = 0 }
            }
            let path = try wreck(bench, "torn_\(round).db", wal: torn)
            let again: SQLiteJournalDriver
            do {
                again = try bench.open(at: path)
            } catch {
                Issue.record("torn at \(place) of \(log.count): \(error)")
                continue
            }
            let last = try await again.lastSequence()
            var query = EntryQuery()
            query.order = .oldestFirst
            let entries = try await again.entries(query)
            // What is there is a prefix, whole: entries, bodies, jobs and facts of one commit.
            #expect(entries.map(\.sequence) == Array(0..<last).map { $0 + 1 }, "at \(place)")
            #expect(entries.allSatisfy { $0.body == ObservedBody.of($0) })
            #expect(try await again.jobs(JobQuery()).count == Int(last))
            #expect(try await again.integrityFaults().isEmpty, "at \(place)")
            kept.append((place, last))
            await again.close()
        }
        let lasts = kept.sorted { $0.byteCount < $1.byteCount }.map(\.last)
        #expect(lasts == lasts.sorted())
        #expect(Set(lasts).count > 5)
        await driver.close()
    }

    @Test func `a full disk refuses, keeps what was acknowledged, and recovers`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_0"))
        try await driver.limitSize(to: 1)
        var accepted: Int64 = 1
        var refusals = 0
        for index in 1...400 {
            let draft = try bench.observation("video_\(index)")
            do throws(JournalError) {
                _ = try await driver.append(draft)
                accepted += 1
                #expect(refusals == 0, "a smaller write may fit, but not one like it")
            } catch {
                #expect(error == .full)
                refusals += 1
                if refusals == 3 { break }
            }
        }
        #expect(refusals == 3)
        #expect(try await driver.lastSequence() == accepted)
        try await driver.limitSize(to: 1 << 30)
        let outcome = try await driver.append(bench.observation("video_last"))
        #expect(outcome == .appended(sequence: accepted + 1))
        #expect(try await driver.integrityFaults().isEmpty)
        await driver.close()
    }
}

/// The body that a polled entry must have.
private enum ObservedBody {
    static func of(_ entry: JournalEntry) -> [UInt8] {
        guard let videoID = entry.videoID else { return [] }
        let observation = Observation(
            fact: Fact(provider: entry.provider, videoID: videoID, terminal: .completed),
            occurredAt: entry.receivedAt,
            observedAt: entry.receivedAt
        )
        return ObservedEvent(observation).body
    }
}
