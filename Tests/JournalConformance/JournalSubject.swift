package import ReelJournal

/// A driver under test: how a journal of it is opened.
package struct JournalSubject: Sendable {
    /// Opens the journal that the subject stands for; one that was closed, with what is in it.
    package let open: @Sendable () async throws -> any JournalDriver
    /// Whether what was written is there after the journal was closed and opened again.
    package let persists: Bool

    package init(
        persists: Bool,
        open: @escaping @Sendable () async throws -> any JournalDriver
    ) {
        self.persists = persists
        self.open = open
    }
}
