internal import ReelJournal

/// An append that a task awaits: what most writes are, without the closure and the generic code of
/// the others.
// SAFETY: `outcome` is touched by the one thread that performs the work; the queue between the task
// that puts it and that thread orders the two.
final class AppendWork: TableWork, @unchecked Sendable {
    private var outcome: AppendOutcome?
    private let draft: EntryDraft
    private let continuation: CheckedContinuation<Result<AppendOutcome, JournalError>, Never>

    init(
        _ draft: EntryDraft,
        _ continuation: CheckedContinuation<Result<AppendOutcome, JournalError>, Never>
    ) {
        self.draft = draft
        self.continuation = continuation
    }

    var takesIn: Bool { true }

    func perform(_ tables: JournalTables) throws(SQLiteFault) {
        outcome = try tables.append(draft)
    }

    func succeed() {
        guard let outcome else { return fail(SQLiteFault.misread.journalError) }
        continuation.resume(returning: .success(outcome))
    }

    func fail(_ error: JournalError) {
        continuation.resume(returning: .failure(error))
    }
}
