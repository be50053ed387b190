import Glibc
import ReelJournal
import ReelJournalSQLite
import ReelRuntime
import TestSupport
import Testing

/// What is true of the file and of who opens it.
struct SQLiteFileTests {
    // Offsets of the database header (sqlite.org/fileformat.html, section 1.3).
    private static let userVersionOffset = 60
    private static let applicationIDOffset = 68

    private func patch(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
        var content = try FileTree.read(path)
        content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        try FileTree.write(content, to: path)
    }

    private func permissions(_ path: String) -> UInt32 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func `a journal of a newer version is refused and left alone`() async throws {
        let bench = try SQLiteBench()
        await (try bench.open()).close()
        try patch(bench.path, at: Self.userVersionOffset, [0, 0, 0, 99])
        let before = try FileTree.read(bench.path)
        let refusal = JournalError.newerSchema(found: 99, known: 2)
        #expect(throws: refusal) { try bench.open() }
        #expect(throws: refusal) { try SQLiteJournalDriver.openReadOnly(path: bench.path) }
        #expect(try FileTree.read(bench.path) == before)
    }

    @Test func `a file that is no journal is refused and left alone`() async throws {
        let bench = try SQLiteBench()
        let text = Array("Dear diary, nothing happened today. ".utf8)
        let bytes = Array(repeating: text, count: 300).flatMap(\.self)
        try FileTree.write(bytes, to: bench.path)
        #expect(throws: JournalError.corrupt) { try bench.open() }
        #expect(try FileTree.read(bench.path) == bytes)

        // Another program's database.
        let other = bench.directory.file("other.db")
        await (try bench.open(at: other)).close()
        try patch(other, at: Self.applicationIDOffset, [1, 2, 3, 4])
        #expect(throws: JournalError.corrupt) { try bench.open(at: other) }
    }

    @Test func `an empty file becomes a journal`() async throws {
        let bench = try SQLiteBench()
        try FileTree.write([], to: bench.path)
        let driver = try bench.open()
        #expect(try await driver.append(bench.observation("video_1")) == .appended(sequence: 1))
        await driver.close()
    }

    @Test func `a directory that is not there is not made`() throws {
        let bench = try SQLiteBench()
        let path = bench.directory.file("none/reelhook.db")
        #expect(throws: JournalError.cannotOpen) { try bench.open(at: path) }
        #expect(throws: JournalError.cannotOpen) {
            try SQLiteJournalDriver.openReadOnly(path: path)
        }
    }

    @Test func `a second opening is refused until the first is closed`() async throws {
        let bench = try SQLiteBench()
        let first = try bench.open()
        #expect(throws: JournalError.inUse) { try bench.open() }
        _ = try await first.append(bench.observation("video_1"))
        await first.close()
        let second = try bench.open()
        #expect(try await second.lastSequence() == 1)
        await second.close()
    }

    @Test func `the file is its owner's alone and nothing is left beside it`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_1"))
        for name in ["reelhook.db", "reelhook.db-wal", ".reelhook.db.lock"] {
            #expect(permissions(bench.directory.file(name)) == 0o600, "\(name)")
        }
        await driver.close()
        let names = try FileTree.list(bench.directory.path)
        #expect(Set(names) == [".reelhook.db.lock", "reelhook.db"])
    }

    @Test func `a reader beside the writer sees what is committed and cannot write`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_1"))
        let onlooker = try SQLiteJournalDriver.openReadOnly(path: bench.path)
        #expect(try await onlooker.lastSequence() == 1)
        _ = try await driver.append(bench.observation("video_2"))
        #expect(try await onlooker.lastSequence() == 2)
        #expect(try await onlooker.entries(EntryQuery()) == driver.entries(EntryQuery()))
        let draft = try bench.observation("video_3")
        await #expect(throws: JournalError.driver(code: 8)) { try await onlooker.append(draft) }
        await onlooker.close()
        #expect(try await driver.append(draft) == .appended(sequence: 3))
        await driver.close()
    }

    @Test func `a journal is read with no service running`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_1"))
        await driver.close()
        let onlooker = try SQLiteJournalDriver.openReadOnly(path: bench.path)
        #expect(try await onlooker.lastSequence() == 1)
        await onlooker.close()
        let again = try bench.open()
        #expect(try await again.append(bench.observation("video_2")) == .appended(sequence: 2))
        await again.close()
    }

    @Test func `what a version before wrote is opened`() async throws {
        for name in try Fixture.names(in: "journal", suffix: ".db") {
            let bench = try SQLiteBench()
            try FileTree.write(try Fixture.bytes(name), to: bench.path)
            let driver = try bench.open()
            #expect(try await driver.integrityFaults().isEmpty, "\(name)")
            var query = EntryQuery()
            query.order = .oldestFirst
            let entries = try await driver.entries(query)
            #expect(
                entries.map(\.state) == [
                    .done, .dead, .waiting, .pending, .pending, .duplicate, .contradicted,
                    .unhandled, .pending,
                ],
                "\(name)"
            )
            #expect(entries.map(\.origin.rawValue).suffix(2) == ["webhook", "replay"])
            let steps = try await driver.steps(of: [1])[1, default: []]
            #expect(steps.map(\.note) == ["3 files", nil], "\(name)")
            #expect(try await driver.jobs(JobQuery()).count == 5, "\(name)")
            let video = try #require(entries[0].videoID)
            let assets = try await driver.assets(provider: "openai", videoID: video)
            #expect(assets.map(\.state) == [.stored], "\(name)")
            #expect(
                try await driver.append(bench.observation("video_9")) == .appended(sequence: 10)
            )
            await driver.close()
        }
        #expect(try !Fixture.names(in: "journal", suffix: ".db").isEmpty)
    }
}
