/// A run in memory, with its past.
struct StoredRun {
    var progress: RunProgress
    var checkpoint: [UInt8]?
    var finished: [Int: (attempt: AttemptRecord, note: String?)] = [:]
    var history: [AttemptRecord] = []
}
