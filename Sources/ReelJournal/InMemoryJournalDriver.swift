package import ReelRuntime

/// A journal that lives as long as the process, for tests, simulations and trials.
///
/// It keeps the promises of the protocol but durability, and serves as their plain reading: what
/// the other drivers do with tables, `InMemoryJournal` does with arrays.
package final class InMemoryJournalDriver: JournalDriver {
    private let journal = Locked(InMemoryJournal())

    package init() {}

    /// The journal asks no clock: every moment comes in with a call.
    package convenience init(time: any TimeSource) { self.init() }

    private func perform<Result>(
        _ work: (inout InMemoryJournal) -> Result
    ) throws(JournalError) -> Result {
        try journal.withLock { (journal) throws(JournalError) in
            guard !journal.isClosed else { throw .closed }
            return work(&journal)
        }
    }

    package func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome {
        try perform { $0.append(draft) }
    }

    package func plan(
        _ plans: [(sequence: Int64, plan: EventPlan)]
    ) async throws(JournalError) {
        try perform { journal in
            for (sequence, plan) in plans { journal.plan(sequence, plan) }
        }
    }

    package func claim(_ request: ClaimRequest) async throws(JournalError) -> [Claim] {
        try perform { $0.claim(request) }
    }

    package func renew(_ claims: [Claim], until: Timestamp) async throws(JournalError) -> [Claim] {
        try perform { journal in claims.compactMap { journal.renew($0, until: until) } }
    }

    package func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) async throws(JournalError) -> SettleOutcome {
        try perform {
            $0.settle(
                claim,
                verdict,
                startedAt: startedAt,
                endedAt: endedAt,
                leaseUntil: leaseUntil
            )
        }
    }

    package func advance(
        _ round: DispatchRound
    ) async throws(JournalError) -> RoundOutcome {
        try perform { $0.advance(round) }
    }

    package func saveCheckpoint(
        _ claim: Claim,
        _ checkpoint: [UInt8]
    ) async throws(JournalError) -> Bool {
        try perform { $0.saveCheckpoint(claim, checkpoint) }
    }

    package func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob {
        try perform { $0.record(update) }
    }

    package func record(_ asset: AssetRecord) async throws(JournalError) {
        try perform { $0.record(asset) }
    }

    package func record(_ breaker: BreakerRecord) async throws(JournalError) {
        try perform { $0.record(breaker) }
    }

    package func breakers() async throws(JournalError) -> [BreakerRecord] {
        try perform { journal in
            journal.breakers.values.sorted { $0.target < $1.target }
        }
    }

    package func begin(_ replay: ReplayJob) async throws(JournalError) -> ReplayJob {
        try perform { $0.begin(replay) }
    }

    package func advance(
        _ advance: ReplayAdvance
    ) async throws(JournalError) -> [AppendOutcome]? {
        try perform { $0.advance(advance) }
    }

    package func move(
        _ replay: Int64,
        to state: ReplayState,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        try perform { $0.move(replay, to: state, at: moment) }
    }

    package func replays() async throws(JournalError) -> [ReplayJob] {
        try perform { $0.listedReplays }
    }

    package func replay(_ number: Int64) async throws(JournalError) -> ReplayJob? {
        try perform { journal in journal.replays.first { $0.number == number } }
    }

    package func retryDead(
        _ sequences: [Int64],
        at moment: Timestamp
    ) async throws(JournalError) -> [Int64] {
        try perform { journal in sequences.filter { journal.retryDead($0, at: moment) } }
    }

    package func discardDead(
        _ sequences: [Int64],
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> [Int64] {
        try perform { journal in sequences.filter { journal.discardDead($0, reason, at: moment) } }
    }

    package func prune(_ request: PruneRequest) async throws(JournalError) -> PruneOutcome {
        try perform { $0.prune(request) }
    }

    package func record(_ clock: ClockRecord) async throws(JournalError) {
        try perform { $0.clock = clock }
    }

    package func clockRecord() async throws(JournalError) -> ClockRecord? {
        try perform { $0.clock }
    }

    package func storedVideos(
        from moment: Timestamp,
        limit: Int
    ) async throws(JournalError) -> [StoredVideo] {
        try perform { $0.storedVideos(from: moment, limit: limit) }
    }

    package func leavingVideos(limit: Int) async throws(JournalError) -> [StoredVideo] {
        try perform { $0.leavingVideos(limit: limit) }
    }

    package func storedTotals() async throws(JournalError) -> StoredTotals {
        try perform { $0.storedTotals() }
    }

    package func releaseFiles(
        provider: String,
        videoID: VideoID,
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        let video = InMemoryJournal.VideoKey(provider: provider, id: videoID)
        return try perform { $0.releaseFiles(of: video, reason, at: moment) }
    }

    package func noteDeleted(
        provider: String,
        videoID: VideoID,
        at moment: Timestamp
    ) async throws(JournalError) {
        let video = InMemoryJournal.VideoKey(provider: provider, id: videoID)
        try perform { $0.noteDeleted(video, at: moment) }
    }

    package func entry(_ sequence: Int64) async throws(JournalError) -> JournalEntry? {
        try perform { $0.entry(sequence) }
    }

    package func entries(_ query: EntryQuery) async throws(JournalError) -> [JournalEntry] {
        try perform { $0.entries(query) }
    }

    package func count(_ query: EntryQuery) async throws(JournalError) -> Int64 {
        try perform { $0.count(query) }
    }

    package func steps(
        of sequences: [Int64]
    ) async throws(JournalError) -> [Int64: [StepRecord]] {
        try perform { $0.steps(of: sequences) }
    }

    package func attempts(of sequence: Int64) async throws(JournalError) -> [AttemptRecord] {
        try perform { $0.attempts(of: sequence) }
    }

    package func attemptCount(of sequence: Int64) async throws(JournalError) -> Int64 {
        try perform { $0.attemptCount(of: sequence) }
    }

    package func job(
        provider: String,
        id: VideoID
    ) async throws(JournalError) -> VideoJob? {
        try perform { $0.job(provider: provider, id: id) }
    }

    package func jobs(_ query: JobQuery) async throws(JournalError) -> [VideoJob] {
        try perform { $0.jobs(query) }
    }

    package func assets(
        provider: String,
        videoID: VideoID
    ) async throws(JournalError) -> [AssetRecord] {
        try perform { $0.assets(provider: provider, videoID: videoID) }
    }

    package func outlook() async throws(JournalError) -> JournalOutlook {
        try perform { $0.outlook() }
    }

    package func lastSequence() async throws(JournalError) -> Int64 {
        try perform { $0.lastSequence }
    }

    package func close() async {
        journal.withLock { $0.isClosed = true }
    }
}
