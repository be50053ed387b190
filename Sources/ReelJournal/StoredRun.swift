/// A run in memory, with its past.
struct StoredRun {
    var progress: RunProgress
    var checkpoint: [UInt8]?
    var finished: [Int: (attempt: AttemptRecord, note: String?)] = [:]
    /// By their number, counted from 1.
    private var attempts: [Int: AttemptRecord] = [:]
    private(set) var attemptTotal = 0

    init(progress: RunProgress) { self.progress = progress }

    /// Every attempt that is kept, in order.
    var history: [AttemptRecord] { attempts.sorted { $0.key < $1.key }.map(\.value) }

    /// Writes an attempt into the history, from which the one beyond its bound goes unless it ended
    /// as done.
    mutating func remember(_ attempt: AttemptRecord) {
        attemptTotal += 1
        attempts[attemptTotal] = attempt
        let outdated = attemptTotal - RunProgress.historyCountMax
        if attempts[outdated]?.outcome != "done" { attempts[outdated] = nil }
    }
}
