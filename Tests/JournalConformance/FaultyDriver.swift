package import ReelJournal
package import ReelRuntime

/// A driver that refuses calls when a test says so, before anything was changed.
package final class FaultyDriver: JournalDriver {
    private let base: any JournalDriver
    private let fault = Locked<@Sendable (String) -> JournalError?>({ _ in nil })
    private let refused = Locked([String]())
    private let delay = Locked<@Sendable () async -> Void>({})

    package init(_ base: any JournalDriver) { self.base = base }

    /// The calls that were refused, by name.
    package var refusals: [String] { refused.withLock { $0 } }

    package func refuse(_ rule: @escaping @Sendable (String) -> JournalError?) {
        fault.withLock { $0 = rule }
    }

    /// Has each renewal wait for something before it is made.
    package func delayRenewals(by wait: @escaping @Sendable () async -> Void) {
        delay.withLock { $0 = wait }
    }

    private func ask(_ name: String) throws(JournalError) {
        let rule = fault.withLock { $0 }
        guard let error = rule(name) else { return }
        refused.withLock { $0.append(name) }
        throw error
    }

    package func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome {
        try ask("append")
        return try await base.append(draft)
    }

    package func plan(_ plans: [(sequence: Int64, plan: EventPlan)]) async throws(JournalError) {
        try ask("plan")
        try await base.plan(plans)
    }

    package func prune(_ request: PruneRequest) async throws(JournalError) -> PruneOutcome {
        try ask("prune")
        return try await base.prune(request)
    }

    package func record(_ clock: ClockRecord) async throws(JournalError) {
        try ask("recordClock")
        try await base.record(clock)
    }

    package func clockRecord() async throws(JournalError) -> ClockRecord? {
        try ask("clockRecord")
        return try await base.clockRecord()
    }

    package func reclaim(atMost pageCount: Int) async throws(JournalError) -> ReclaimOutcome {
        try ask("reclaim")
        return try await base.reclaim(atMost: pageCount)
    }

    package func shortage() async throws(JournalError) -> DiskShortage? {
        try ask("shortage")
        return try await base.shortage()
    }

    package func storedVideos(
        from moment: Timestamp,
        limit: Int
    ) async throws(JournalError) -> [StoredVideo] {
        try ask("storedVideos")
        return try await base.storedVideos(from: moment, limit: limit)
    }

    package func storedTotals() async throws(JournalError) -> StoredTotals {
        try ask("storedTotals")
        return try await base.storedTotals()
    }

    package func leavingVideos(limit: Int) async throws(JournalError) -> [StoredVideo] {
        try ask("leavingVideos")
        return try await base.leavingVideos(limit: limit)
    }

    package func releaseFiles(
        provider: String,
        videoID: VideoID,
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        try ask("releaseFiles")
        return try await base.releaseFiles(
            provider: provider,
            videoID: videoID,
            reason: reason,
            at: moment
        )
    }

    package func noteDeleted(
        provider: String,
        videoID: VideoID,
        at moment: Timestamp
    ) async throws(JournalError) {
        try ask("noteDeleted")
        return try await base.noteDeleted(provider: provider, videoID: videoID, at: moment)
    }

    package func claim(_ request: ClaimRequest) async throws(JournalError) -> [Claim] {
        try ask("claim")
        return try await base.claim(request)
    }

    package func renew(_ claims: [Claim], until: Timestamp) async throws(JournalError) -> [Claim] {
        try ask("renew")
        await delay.withLock { $0 }()
        return try await base.renew(claims, until: until)
    }

    package func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) async throws(JournalError) -> SettleOutcome {
        try ask("settle")
        return try await base.settle(
            claim,
            verdict,
            startedAt: startedAt,
            endedAt: endedAt,
            leaseUntil: leaseUntil
        )
    }

    package func advance(_ round: DispatchRound) async throws(JournalError) -> RoundOutcome {
        // Asked for all of it before anything is changed: a round is one transaction.
        if !round.settlements.isEmpty { try ask("settle") }
        if !round.plans.isEmpty { try ask("plan") }
        if round.claim != nil { try ask("claim") }
        return try await base.advance(round)
    }

    package func saveCheckpoint(_ claim: Claim, _ bytes: [UInt8]) async throws(JournalError) -> Bool
    {
        try ask("saveCheckpoint")
        return try await base.saveCheckpoint(claim, bytes)
    }

    package func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob {
        try ask("record")
        return try await base.record(update)
    }

    package func record(_ asset: AssetRecord) async throws(JournalError) {
        try ask("recordAsset")
        try await base.record(asset)
    }

    package func record(_ breaker: BreakerRecord) async throws(JournalError) {
        try ask("recordBreaker")
        try await base.record(breaker)
    }

    package func breakers() async throws(JournalError) -> [BreakerRecord] {
        try ask("breakers")
        return try await base.breakers()
    }

    package func begin(_ replay: ReplayJob) async throws(JournalError) -> ReplayJob {
        try await base.begin(replay)
    }

    package func advance(_ advance: ReplayAdvance) async throws(JournalError) -> [AppendOutcome]? {
        try await base.advance(advance)
    }

    package func move(
        _ replay: Int64,
        to state: ReplayState,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        try await base.move(replay, to: state, at: moment)
    }

    package func replays() async throws(JournalError) -> [ReplayJob] { try await base.replays() }

    package func replay(_ number: Int64) async throws(JournalError) -> ReplayJob? {
        try await base.replay(number)
    }

    package func attemptCount(of sequence: Int64) async throws(JournalError) -> Int64 {
        try await base.attemptCount(of: sequence)
    }

    package func retryDead(_ sequences: [Int64], at: Timestamp) async throws(JournalError)
        -> [Int64]
    {
        try await base.retryDead(sequences, at: at)
    }

    package func discardDead(
        _ sequences: [Int64],
        reason: Reason,
        at: Timestamp
    ) async throws(JournalError) -> [Int64] {
        try await base.discardDead(sequences, reason: reason, at: at)
    }

    package func entry(_ sequence: Int64) async throws(JournalError) -> JournalEntry? {
        try ask("entry")
        return try await base.entry(sequence)
    }

    package func entries(_ query: EntryQuery) async throws(JournalError) -> [JournalEntry] {
        try ask("entries")
        return try await base.entries(query)
    }

    package func count(_ query: EntryQuery) async throws(JournalError) -> Int64 {
        try await base.count(query)
    }

    package func steps(of sequences: [Int64]) async throws(JournalError) -> [Int64: [StepRecord]] {
        try await base.steps(of: sequences)
    }

    package func attempts(of sequence: Int64) async throws(JournalError) -> [AttemptRecord] {
        try await base.attempts(of: sequence)
    }

    package func job(provider: String, id: VideoID) async throws(JournalError) -> VideoJob? {
        try await base.job(provider: provider, id: id)
    }

    package func jobs(_ query: JobQuery) async throws(JournalError) -> [VideoJob] {
        try await base.jobs(query)
    }

    package func assets(provider: String, videoID: VideoID) async throws(JournalError)
        -> [AssetRecord]
    {
        try ask("assets")
        return try await base.assets(provider: provider, videoID: videoID)
    }

    package func outlook() async throws(JournalError) -> JournalOutlook {
        try ask("outlook")
        return try await base.outlook()
    }

    package func lastSequence() async throws(JournalError) -> Int64 {
        try await base.lastSequence()
    }

    package func close() async { await base.close() }
}
