package import ReelRuntime

/// What a journal on SQLite stands on: the machine's threads and files, unless a simulation has
/// others.
package struct SQLiteGround: Sendable {
    /// Where connections do their work.
    package var workers: any WorkPlace
    package var files: any JournalFiles

    package init(
        workers: any WorkPlace = ThreadPlace(),
        files: any JournalFiles = SystemJournalFiles()
    ) {
        self.workers = workers
        self.files = files
    }
}
