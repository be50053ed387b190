import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// What is found by its id, in blocks so small that a few hundred entries fill many runs.
struct KeyIndexTests {
    private let bench: SQLiteBench
    private let deliveries: DeliveryMaker
    private var configuration = SQLiteJournalConfiguration()

    init() throws {
        bench = try SQLiteBench()
        deliveries = try DeliveryMaker()
        configuration.keyBlockShift = 3
    }

    private func draft(_ webhookID: String, _ eventID: String? = nil) throws -> EntryDraft {
        try deliveries.draft(webhookID, eventID: eventID ?? "evt_of_\(webhookID)")
    }

    private func sequences(
        _ driver: some JournalDriver,
        _ change: (inout EntryQuery) -> Void
    ) async throws -> [Int64] {
        var query = EntryQuery()
        query.order = .oldestFirst
        change(&query)
        return try await driver.entries(query).map(\.sequence)
    }

    /// Twelve hundred deliveries, a third of them again, over blocks, merges and openings; what
    /// they come to is what a journal without an index makes of them.
    @Test(arguments: [1, 2, 3])
    func `a delivery that came before is known whenever it came`(_ seed: UInt64) async throws {
        let random = SeededRandomSource(seed: seed)
        let reference = InMemoryJournalDriver()
        var driver = try bench.open(configuration)
        for round in 0..<1_200 {
            let isAgain = round > 0 && random.below(3) == 0
            let label = isAgain ? Int(random.below(UInt64(round))) : round
            let draft = try draft("wh_\(label)", "evt_\(label % 400)")
            #expect(try await driver.append(draft) == reference.append(draft))
            guard random.below(60) == 0 else { continue }
            if random.below(2) == 0 {
                await driver.close()
                driver = try bench.open(configuration)
            } else {
                // As after a kill.
                let path = bench.directory.file("killed_\(round).db")
                try FileTree.write(try FileTree.read(bench.path), to: path)
                try FileTree.write(try FileTree.read(bench.path + "-wal"), to: path + "-wal")
                await driver.close()
                driver = try bench.open(configuration, at: path)
                try await expectSame(driver, reference)
                await driver.close()
                driver = try bench.open(configuration)
            }
        }
        try await expectSame(driver, reference)
        #expect(try await driver.integrityFaults().isEmpty)
        await driver.close()
    }

    /// Each id leads to the same entries, for the writer's readers and for one beside it.
    private func expectSame(
        _ driver: SQLiteJournalDriver,
        _ reference: InMemoryJournalDriver
    ) async throws {
        for label in stride(from: 0, to: 1_200, by: 7) {
            let webhook = try await sequences(driver) { $0.webhookID = "wh_\(label)" }
            #expect(try await webhook == sequences(reference) { $0.webhookID = "wh_\(label)" })
            let event = try await sequences(driver) { $0.eventID = "evt_\(label)" }
            #expect(try await event == sequences(reference) { $0.eventID = "evt_\(label)" })
        }
        #expect(try await sequences(driver) { $0.webhookID = "wh_none" } == [])
    }

    @Test func `the same id by another source is another delivery`() async throws {
        let driver = try bench.open(configuration)
        for index in 1...40 {
            let draft = try draft("wh_\(index)")
            #expect(try await driver.append(draft) == .appended(sequence: Int64(index)))
        }
        let other = try deliveries.draft("wh_3", eventID: "evt_x", source: "other")
        #expect(try await driver.append(other) == .appended(sequence: 41))
        #expect(try await driver.append(other) == .redelivery(sequence: 41))
        #expect(try await driver.append(draft("wh_3")) == .redelivery(sequence: 3))
        #expect(try await sequences(driver) { $0.webhookID = "wh_3" } == [3, 41])
        await driver.close()
    }

    @Test func `what shared a transaction that failed is appended once`() async throws {
        var small = configuration
        small.batchCountMax = 64
        let driver = try bench.open(small)
        for index in 1...50 { _ = try await driver.append(draft("wh_\(index)")) }
        try await driver.limitSize(to: 1)
        var refused: [String] = []
        for index in 51...500 {
            let draft = try draft("wh_\(index)")
            do throws(JournalError) {
                _ = try await driver.append(draft)
            } catch {
                refused.append("wh_\(index)")
                if refused.count == 3 { break }
            }
        }
        #expect(refused.count == 3)
        try await driver.limitSize(to: 1 << 30)
        let last = try await driver.lastSequence()
        for (index, id) in refused.enumerated() {
            let next = last + Int64(index) + 1
            #expect(try await driver.append(draft(id)) == .appended(sequence: next))
            #expect(try await driver.append(draft(id)) == .redelivery(sequence: next))
        }
        await driver.close()
    }

    @Test func `runs become few, and without memory for filters all is found too`() async throws {
        var bare = configuration
        bare.keyFilterByteCountMax = 0
        let driver = try bench.open(bare)
        for index in 1...3_000 { _ = try await driver.append(draft("wh_\(index)")) }
        for index in stride(from: 1, through: 3_000, by: 13) {
            let outcome = try await driver.append(draft("wh_\(index)"))
            #expect(outcome == .redelivery(sequence: Int64(index)))
        }
        await driver.close()
    }

    @Test(arguments: [
        // Of 195 entries the last four are in no run; filters are of webhook-ids alone.
        ("UPDATE key_pages SET content = zeroblob(length(content))", 191, 191),
        ("UPDATE key_pages SET content = x'01'", 191, 191),
        ("UPDATE key_pages SET content = x'' WHERE place >> 30 & 3 = 2", 191, 0),
        ("UPDATE key_pages SET content = zeroblob(64) WHERE place >> 30 & 3 = 2", 191, 0),
        ("DELETE FROM key_pages WHERE place >> 30 & 3 = 0", 191, 0),
        ("DELETE FROM key_pages WHERE place >> 30 & 3 = 1", 0, 191),
        ("UPDATE key_runs SET state = 2 WHERE first_sequence < 64", 63, 63),
        ("UPDATE key_runs SET first_sequence = 60 WHERE first_sequence < 64", 63, 63),
        ("UPDATE key_pages SET place = place", 0, 0),
    ])
    func `an entry that its ids do not lead to is found, and helped`(
        _ damage: String,
        _ webhookCount: Int,
        _ eventCount: Int
    ) async throws {
        var driver = try bench.open(configuration)
        for index in 1...195 { _ = try await driver.append(draft("wh_\(index)")) }
        #expect(try await driver.misplacedKeys() == [])
        await driver.close()
        let hand = try Connection(path: bench.path, role: .writer)
        try hand.execute(damage)
        driver = try bench.open(configuration)
        let found = try await driver.misplacedKeys(limit: 1_000)
        #expect(found.count { $0.message.contains("by its webhook-id") } == webhookCount)
        #expect(found.count { $0.message.contains("by its event id") } == eventCount)
        #expect(found.allSatisfy { $0.remedy == .newKeys && $0.place.hasPrefix("entry ") })
        #expect(try await driver.misplacedKeys(limit: 1).count == min(found.count, 1))
        await driver.close()

        try hand.execute("DELETE FROM key_runs; DELETE FROM key_pages")
        driver = try bench.open(configuration)
        #expect(try await driver.append(draft("wh_7")) == .redelivery(sequence: 7))
        #expect(try await driver.append(draft("wh_196")) == .appended(sequence: 196))
        #expect(try await driver.misplacedKeys() == [])
        #expect(try await sequences(driver) { $0.eventID = "evt_of_wh_7" } == [7])
        await driver.close()
    }
}
