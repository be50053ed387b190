import ReelJournal
import TestSupport
import Testing

@testable import ReelJournalSQLite

/// The tables of the life cycles, of which code, SQL and the document have one and the same.
struct LifeCycleDocumentTests {
    private static let subjects: [(title: String, table: String)] = [
        (DeliveryState.subject, DeliveryState.markdown), (EventState.subject, EventState.markdown),
        (RunState.subject, RunState.markdown), (JobState.subject, JobState.markdown),
        (AssetState.subject, AssetState.markdown), (BreakerState.subject, BreakerState.markdown),
        (ReplayState.subject, ReplayState.markdown),
    ]

    @Test(arguments: Self.subjects.indices)
    func `the document has the table that the code has`(_ index: Int) throws {
        let (title, table) = Self.subjects[index]
        let path = Fixture.directory + "/../deploy/life-cycles.md"
        let document = String(decoding: try FileTree.read(path), as: UTF8.self)
        let section = "## \(title)\n\n\(table)\n"
        // The whole section to copy is what a failure shows.
        #expect(document.contains(section), "\(section)")
    }

    @Test func `every state of a life cycle has its row, and a way there`() {
        expectWhole(DeliveryState.self)
        expectWhole(EventState.self)
        expectWhole(RunState.self)
        expectWhole(JobState.self)
        expectWhole(AssetState.self)
        expectWhole(BreakerState.self)
        expectWhole(ReplayState.self)
    }

    private func expectWhole<State: LifeCycle>(_ cycle: State.Type) {
        #expect(State.rows.map(\.state) == Array(State.allCases))
        var reached = Set(State.starts)
        for _ in State.allCases {
            for row in State.rows where reached.contains(row.state) { reached.formUnion(row.next) }
        }
        #expect(reached == Set(State.allCases))
        #expect(State.rows.allSatisfy { Set($0.next).count == $0.next.count })
    }

    @Test func `every state has a number in the tables, and the tables allow no other`() throws {
        expectNumbers(EventState.self)
        expectNumbers(RunState.self)
        expectNumbers(JobState.self)
        expectNumbers(AssetState.self)
        expectNumbers(BreakerState.self)
        expectNumbers(ReplayState.self)
        let schema = Schema.migrations.joined()
        for (table, count) in [
            ("entries", EventState.allCases.count), ("runs", RunState.allCases.count),
            ("videos", JobState.allCases.count), ("assets", AssetState.allCases.count),
            ("breakers", BreakerState.allCases.count), ("replays", ReplayState.allCases.count),
        ] {
            let pieces = schema.components(around: "CREATE TABLE \(table) (")
            let definition = pieces.components(upTo: "STRICT")
            #expect(definition.contains("state BETWEEN 0 AND \(count - 1))"), "\(table)")
        }
    }

    private func expectNumbers<State: LifeCycle & StoredCode>(_ cycle: State.Type) {
        #expect(Set(State.inCodeOrder) == Set(State.allCases))
        for (number, state) in State.inCodeOrder.enumerated() {
            #expect(state.code == Int64(number))
        }
        let moves = StoredMoves<State>()
        for state in State.allCases {
            for next in State.allCases {
                #expect(moves.have(state, to: next) == state.mayBecome(next))
            }
        }
    }
}

extension String {
    /// What follows the last occurrence of a text; empty when there is none.
    fileprivate func components(around text: String) -> String {
        var rest = self[...]
        var found = rest[rest.endIndex...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) { found = rest.dropFirst(text.count) }
            rest = rest.dropFirst()
        }
        return String(found)
    }

    /// What stands before the first occurrence of a text.
    fileprivate func components(upTo text: String) -> String {
        var rest = self[...]
        var taken = ""
        while !rest.isEmpty, !rest.hasPrefix(text) {
            taken.append(rest.removeFirst())
        }
        return taken
    }
}
