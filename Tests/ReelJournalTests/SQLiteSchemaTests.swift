import Glibc
import JournalConformance
import ReelJournal
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// Whether a journal has the tables that its schema's number promises.
struct SQLiteSchemaTests {
    /// A journal that was closed, and what somebody did to it.
    private func journal(_ change: String) async throws -> SQLiteBench {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        _ = try await driver.append(bench.observation("video_1"))
        await driver.close()
        try Connection(path: bench.path, role: .writer).execute(change)
        return bench
    }

    @Test(arguments: [
        ("DROP TABLE replays", "table replays is missing"),
        ("ALTER TABLE bodies DROP COLUMN digest", "column bodies.digest is missing"),
        ("DROP INDEX entries_by_kind", "index entries_by_kind is missing"),
        (
            "DROP INDEX runs_dead; CREATE INDEX runs_dead ON runs (sequence)",
            "index runs_dead is made in another way"
        ),
        (
            "ALTER TABLE videos ADD COLUMN colour TEXT",
            "table videos has columns that this version does not know"
        ),
        (
            "DROP TABLE replays; DELETE FROM marks WHERE name = 'schema_stamp'",
            "table replays is missing"
        ),
        (
            "DROP TABLE breakers; DROP TABLE replays; DROP INDEX assets_leaving",
            "index assets_leaving is missing, table breakers is missing, table replays is missing"
        ),
    ])
    func `a journal with other tables is refused by what it lacks`(
        _ change: String,
        _ words: String
    ) async throws {
        let bench = try await journal(change)
        let before = try FileTree.read(bench.path)
        let refusal = JournalError.otherTables(schema: Schema.version, differences: words)
        #expect(throws: refusal) { try bench.open() }
        #expect(throws: refusal) { try SQLiteJournalDriver.openReadOnly(path: bench.path) }
        #expect(throws: refusal) { try JournalCopy.describe(bench.path) }
        #expect(refusal.description.contains(words))
        // It may be wanted as it is.
        #expect(try FileTree.read(bench.path) == before)
    }

    @Test(arguments: [
        "DELETE FROM marks WHERE name = 'schema_stamp'",
        "UPDATE marks SET value = 7 WHERE name = 'schema_stamp'",
        "CREATE INDEX mine ON entries (received_at)",
    ])
    func `a journal with the right tables is opened, and stamped`(_ change: String) async throws {
        let bench = try await journal(change)
        for _ in 0..<2 {
            let onlooker = try SQLiteJournalDriver.openReadOnly(path: bench.path)
            await onlooker.close()
            let driver = try bench.open()
            #expect(try await driver.lastSequence() == 1)
            await driver.close()
        }
        let stamp = try Connection(path: bench.path, role: .reader)
            .number("SELECT value FROM marks WHERE name = 'schema_stamp'")
        #expect(stamp != 0 && stamp != 7)
    }

    @Test func `a damaged schema 1 is refused once it was brought up`() async throws {
        let bench = try SQLiteBench()
        try FileTree.write(try Fixture.bytes("journal/schema-1.db"), to: bench.path)
        try Connection(path: bench.path, role: .writer).execute("DROP INDEX runs_dead")
        let refusal = JournalError.otherTables(
            schema: Schema.version,
            differences: "index runs_dead is missing"
        )
        #expect(throws: refusal) { try bench.open() }
        #expect(throws: refusal) { try bench.open() }
    }

    /// To make it anew after a change of the newest migration, name the file:
    /// `REELHOOK_FIXTURE=$PWD/fixtures/journal/schema-2.db swift test --filter SQLiteSchemaTests`.
    @Test func `the kept journal of the newest schema is as this version makes it`() async throws {
        let bench = try SQLiteBench()
        let driver = try bench.open()
        let subject = JournalSubject(persists: true) { driver }
        try await JournalStory.play(subject, in: driver)
        await driver.close()
        if let path = unsafe getenv("REELHOOK_FIXTURE") {
            try FileTree.write(try FileTree.read(bench.path), to: unsafe String(cString: path))
        }
        let kept = bench.directory.file("kept.db")
        try FileTree.write(try Fixture.bytes("journal/schema-\(Schema.version).db"), to: kept)
        // It is read as it is: nothing brings it up to this version's schema.
        let old = try SQLiteJournalDriver.openReadOnly(path: kept)
        let new = try SQLiteJournalDriver.openReadOnly(path: bench.path)
        #expect(try await old.entries(EntryQuery()) == new.entries(EntryQuery()))
        #expect(try await old.jobs(JobQuery()) == new.jobs(JobQuery()))
        let sequences = (1...9).map { Int64($0) }
        #expect(try await old.steps(of: sequences) == new.steps(of: sequences))
        await old.close()
        await new.close()
    }
}
