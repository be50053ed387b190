internal import ReelJournal
internal import ReelJournalSQLite

/// Compares the journal with itself: the file's structure, rows with rows, and each stored body
/// with what it was when it was appended.
struct JournalCheck {
    let journal: SQLiteJournalDriver
    /// Whether every index is compared with its table, and every event looked for by its ids.
    let isFull: Bool
    private(set) var bodyCount = 0

    /// So many that a reader of them holds the write-ahead log for a moment only.
    private static let pageLength = 2_000

    init(journal: SQLiteJournalDriver, isFull: Bool) {
        self.journal = journal
        self.isFull = isFull
    }

    mutating func run(_ report: (Difference) -> Void) async throws(JournalError) {
        let faults = isFull ? try await journal.integrityFaults() : try await journal.quickFaults()
        for fault in faults {
            report(Difference(kind: .damaged, place: "reelhook.db", message: fault))
        }
        for wrong in try await journal.contradictions() { report(Difference(wrong)) }
        if isFull {
            for wrong in try await journal.misplacedKeys() { report(Difference(wrong)) }
        }
        var last: Int64? = 0
        while let from = last {
            let bodies = try await journal.compareBodies(after: from, limit: Self.pageLength)
            for wrong in bodies.faults {
                report(Difference(kind: .altered, place: wrong.place, message: wrong.message))
            }
            bodyCount += bodies.count
            last = bodies.last
        }
    }
}
