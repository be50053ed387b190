internal import ReelJournal

/// What the writer is told through its queue.
enum WriterOrder: Sendable {
    case work(any TableWork)
    /// What was committed before is on disk, or why it is not known to be.
    case synchronized(JournalError?)
    /// Nothing more comes.
    case end
}
