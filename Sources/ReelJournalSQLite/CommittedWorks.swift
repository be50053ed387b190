internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// Works that share a commit, on their way to the disk.
struct CommittedWorks: Sendable {
    let works: [any TableWork]
    /// When their transaction began, by `time.uptime()`.
    let startedAt: Duration
    let log: any OpenJournalFile
}

/// Tells works how they ended, and counts them.
struct WorkEnding: Sendable {
    let metrics: JournalMetrics
    let logger: Logger
    let time: any TimeSource

    /// The works are on disk.
    func succeed(_ committed: CommittedWorks) {
        metrics.commits.increment()
        metrics.commitSeconds.observe(time.uptime() - committed.startedAt)
        metrics.writesPerCommit.observe(Double(committed.works.count))
        HeldWakes.hold { for work in committed.works { work.succeed() } }
    }

    /// The works are not known to be on disk.
    func fail(_ works: [any TableWork], _ error: JournalError) {
        guard !works.isEmpty else { return }
        logger.error(
            "Writes to the journal failed",
            ["reason": .string(error.code), "count": .integer(works.count)]
        )
        for work in works {
            metrics.failed(error)
            work.fail(error)
        }
    }
}
