internal import ReelEvents
internal import ReelJournal
internal import ReelRuntime

extension Outcome {
    /// Until our own journal is asked again when it failed and its disk is not full.
    ///
    /// It is opened anew by the next write, so that most of its faults are over at once.
    static let journalWait: Duration = .seconds(3)

    /// What follows from a fault of our own journal: a later try, which costs no attempt.
    static func postpone(_ error: JournalError, whenFull diskFullWait: Duration) -> Outcome {
        let reason = Reason("journal_" + error.code, error.description)
        switch error {
        case .full: return .postpone(diskFullWait, reason)
        case .io, .overloaded, .logTooLong, .readTooLong, .corrupt, .newerSchema, .otherTables,
            .inUse, .closed, .cannotOpen, .driver:
            return .postpone(journalWait, reason)
        }
    }
}
