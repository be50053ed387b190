internal import ReelJournal

/// An entry that is being planned: its runs are written once it is known which are claimed with it.
struct FreshEntry {
    let sequence: Int64
    /// As it was read before; nil when it has to be read.
    let entry: JournalEntry?
    var runs: [RunRow]
}
