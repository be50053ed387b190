internal import ReelJournal

/// Something that a thread is to do with the tables, and somebody who waits for it.
///
/// `perform` may be called again after a transaction was rolled back; one of `succeed` and `fail`
/// is called once.
protocol TableWork: Sendable {
    func perform(_ tables: JournalTables) throws(SQLiteFault)
    func succeed()
    func fail(_ error: JournalError)
    /// Whether it takes in something new, which is refused while the disk is full.
    var takesIn: Bool { get }
}

extension TableWork {
    var takesIn: Bool { false }
}

/// Work with a result that a task awaits.
// SAFETY: `value` is touched by the one thread that performs the work; the queue between the task
// that puts it and that thread orders the two.
final class AwaitedWork<Value: Sendable>: TableWork, @unchecked Sendable {
    /// What the work came to when it was last performed.
    private(set) var value: Value?
    private let work: @Sendable (JournalTables) throws(SQLiteFault) -> Value
    private let continuation: CheckedContinuation<Result<Value, JournalError>, Never>
    let takesIn: Bool

    init(
        _ continuation: CheckedContinuation<Result<Value, JournalError>, Never>,
        takesIn: Bool = false,
        _ work: @escaping @Sendable (JournalTables) throws(SQLiteFault) -> Value
    ) {
        self.continuation = continuation
        self.work = work
        self.takesIn = takesIn
    }

    func perform(_ tables: JournalTables) throws(SQLiteFault) {
        // What an earlier try came to was rolled back.
        value = nil
        value = try work(tables)
    }

    func succeed() {
        guard let value else { return fail(SQLiteFault.misread.journalError) }
        continuation.resume(returning: .success(value))
    }

    func fail(_ error: JournalError) {
        continuation.resume(returning: .failure(error))
    }
}
