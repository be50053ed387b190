internal import ReelJournal

/// A run as its row holds it.
struct RunRow {
    let sequence: Int64
    let position: Int64
    let chain: Int64
    var progress: RunProgress
    var attemptTotal: Int64
    var hasCheckpoint: Bool
    /// Whether it stands in the order of urgency.
    var isReady: Bool
    let urgency: Int64
    let video: Int64?
    /// A number made of its lane, if it has one.
    let lane: Int64?
}

/// An entry whose runs are open, as the writer's own transactions have left it.
///
/// The writer is the only one that changes the tables, so what it has just written need not be
/// read again; every change is guarded by the state and the token that the row is to have.
struct HotEntry {
    /// Nil for one that is too large to be kept.
    let entry: JournalEntry?
    var runs: [RunRow]

    /// The entries that are kept, and the largest body among them.
    static let countMax = 8_192
    static let bodyByteCountMax = 8_192
}
