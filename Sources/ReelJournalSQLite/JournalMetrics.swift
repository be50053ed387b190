internal import ReelJournal
internal import ReelObservability

/// What the journal counts of itself.
struct JournalMetrics: Sendable {
    let commits: Counter
    let commitSeconds: Histogram
    let writesPerCommit: Histogram
    let queuedWrites: Gauge
    let walByteCount: Gauge
    let space: SpaceMetrics
    let checkpoints: Counter
    let heldCheckpoints: Counter
    let failedCheckpoints: Counter
    let reopenings: Counter
    private let appends: [AppendOutcome.Kind: Counter]
    private let failures: [String: Counter]

    init(_ metrics: Metrics) {
        commits = metrics.counter(
            "reelhook_journal_commits_total",
            help: "Transactions that are on disk."
        )
        commitSeconds = metrics.histogram(
            "reelhook_journal_commit_seconds",
            help: "From taking a batch of writes to its commit."
        )
        writesPerCommit = metrics.histogram(
            "reelhook_journal_writes_per_commit",
            help: "Writes that shared a commit.",
            bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
        )
        queuedWrites = metrics.gauge(
            "reelhook_journal_queued_writes",
            help: "Writes that waited when the writer last looked."
        )
        space = SpaceMetrics(metrics)
        walByteCount = metrics.gauge(
            "reelhook_journal_wal_bytes",
            help: "Bytes in use of the write-ahead log."
        )
        heldCheckpoints = metrics.counter(
            "reelhook_journal_held_checkpoints_total",
            help: "Times that readers kept a log that is too long from beginning anew."
        )
        checkpoints = metrics.counter(
            "reelhook_journal_checkpoints_total",
            help: "Times that the write-ahead log was copied into the database."
        )
        failedCheckpoints = metrics.counter(
            "reelhook_journal_failed_checkpoints_total",
            help: "Times that the write-ahead log could not be copied into the database."
        )
        reopenings = metrics.counter(
            "reelhook_journal_reopenings_total",
            help: "Times that the journal was opened anew after the disk had failed."
        )
        appends = Dictionary(
            uniqueKeysWithValues: AppendOutcome.Kind.allCases.map { kind in
                let counter = metrics.counter(
                    "reelhook_journal_appends_total",
                    help: "Events that were offered to the journal, by what became of them.",
                    labels: ["outcome": kind.rawValue]
                )
                return (kind, counter)
            }
        )
        failures = Dictionary(
            uniqueKeysWithValues: Self.failureCodes.map { code in
                let counter = metrics.counter(
                    "reelhook_journal_failures_total",
                    help: "Writes that were refused, by reason.",
                    labels: ["reason": code]
                )
                return (code, counter)
            }
        )
    }

    func appended(_ outcome: AppendOutcome) { appends[outcome.kind]?.increment() }
    func failed(_ error: JournalError) { failures[error.code]?.increment() }

    private static let failureCodes = [
        "full", "io", "overloaded", "log_too_long", "corrupt", "in_use", "cannot_open", "driver",
    ]
}

extension AppendOutcome {
    /// The outcome without its sequences.
    enum Kind: String, CaseIterable {
        case appended
        case duplicateFact = "duplicate_fact"
        case contradiction
        case redelivery
    }

    var kind: Kind {
        switch self {
        case .appended: .appended
        case .duplicateFact: .duplicateFact
        case .contradiction: .contradiction
        case .redelivery: .redelivery
        }
    }
}
