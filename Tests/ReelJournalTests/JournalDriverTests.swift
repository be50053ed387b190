import JournalConformance
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

/// The one suite that every driver passes.
struct JournalDriverTests {
    @Test(arguments: JournalConformance.everything)
    func `the journal in memory`(_ conformance: JournalConformance) async {
        await conformance.run(
            JournalSubject(persists: false) { InMemoryJournalDriver(time: ManualTime()) }
        )
    }

    @Test(arguments: JournalConformance.everything)
    func `the journal on SQLite`(_ conformance: JournalConformance) async throws {
        let bench = try SQLiteBench()
        await conformance.run(JournalSubject(persists: true) { try bench.open() })
        withExtendedLifetime(bench) {}
    }
}
