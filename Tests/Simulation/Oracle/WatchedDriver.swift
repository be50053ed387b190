internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelRuntime

/// A journal's driver whose every answer the oracle hears, as long as the process lives.
struct WatchedDriver: JournalDriver, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let inner: any JournalDriver
    let process: SimulatedProcess
    let oracle: Oracle

    /// The driver on the simulated disk.
    var sqlite: SQLiteJournalDriver? { inner as? SQLiteJournalDriver }
    private var lives: Bool { process.isAlive }

    func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome {
        oracle.learn(draft.plan)
        oracle.departures.unheardCount += 1
        let outcome = try await inner.append(draft)
        if lives {
            oracle.departures.unheardCount -= 1
            oracle.appended(draft, outcome)
        }
        return outcome
    }

    func plan(_ plans: [(sequence: Int64, plan: EventPlan)]) async throws(JournalError) {
        for plan in plans { oracle.learn(plan.plan, for: plan.sequence) }
        try await inner.plan(plans)
    }

    func claim(_ request: ClaimRequest) async throws(JournalError) -> [Claim] {
        let (before, term) = (oracle.runs, Oracle.Term(process))
        let claims: [Claim]
        do throws(JournalError) {
            claims = try await inner.claim(request)
        } catch {
            if lives { oracle.lostClaims(before) }
            throw error
        }
        if lives {
            for claim in claims { oracle.claimed(claim, request, term, before) }
        }
        return claims
    }

    func renew(_ claims: [Claim], until: Timestamp) async throws(JournalError) -> [Claim] {
        let (before, term) = (oracle.runs, Oracle.Term(process))
        let call = oracle.begin(claims.map { Oracle.RunKey($0) })
        do throws(JournalError) {
            let renewed = try await inner.renew(claims, until: until)
            if lives {
                oracle.end(call)
                oracle.renewed(renewed, until, term, before)
            }
            return renewed
        } catch {
            if lives { oracle.fail(call) }
            throw error
        }
    }

    func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) async throws(JournalError) -> SettleOutcome {
        let (before, term) = (oracle.runs[Oracle.RunKey(claim)], Oracle.Term(process))
        let call = oracle.begin([Oracle.RunKey(claim)])
        do throws(JournalError) {
            let outcome = try await inner.settle(
                claim,
                verdict,
                startedAt: startedAt,
                endedAt: endedAt,
                leaseUntil: leaseUntil
            )
            if lives {
                oracle.end(call)
                oracle.settled(claim, verdict, outcome, at: endedAt, term, before)
            }
            return outcome
        } catch {
            if lives { oracle.fail(call) }
            throw error
        }
    }

    func advance(_ round: DispatchRound) async throws(JournalError) -> RoundOutcome {
        for planned in round.plans { oracle.learn(planned.plan, for: planned.entry.sequence) }
        let (before, term) = (oracle.runs, Oracle.Term(process))
        let call = oracle.begin(round.settlements.map { Oracle.RunKey($0.claim) })
        let outcome: RoundOutcome
        do throws(JournalError) {
            outcome = try await inner.advance(round)
        } catch {
            if lives {
                oracle.fail(call)
                if round.claim != nil { oracle.lostClaims(before) }
            }
            throw error
        }
        guard lives else { return outcome }
        oracle.end(call)
        for (settlement, result) in zip(round.settlements, outcome.settled) {
            let key = Oracle.RunKey(settlement.claim)
            oracle.settled(
                settlement.claim,
                settlement.verdict,
                result,
                at: settlement.endedAt,
                term,
                before[key]
            )
        }
        if let request = round.claim(after: outcome.settled) {
            for claim in outcome.claims { oracle.claimed(claim, request, term, before) }
        }
        return outcome
    }

    func saveCheckpoint(
        _ claim: Claim,
        _ checkpoint: [UInt8]
    ) async throws(JournalError) -> Bool {
        let before = oracle.runs[Oracle.RunKey(claim)]
        let isSaved = try await inner.saveCheckpoint(claim, checkpoint)
        if lives, isSaved { oracle.savedCheckpoint(claim, before) }
        return isSaved
    }

    func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob {
        if lives { oracle.begin(update) }
        let before = oracle.jobs[update.id.rawValue]
        let job = try await inner.record(update)
        if lives { oracle.recorded(job, after: before) }
        return job
    }

    func record(_ asset: AssetRecord) async throws(JournalError) {
        try await inner.record(asset)
        if lives { oracle.recorded(asset) }
    }

    func record(_ breaker: BreakerRecord) async throws(JournalError) {
        try await inner.record(breaker)
    }

    func breakers() async throws(JournalError) -> [BreakerRecord] { try await inner.breakers() }

    func begin(_ replay: ReplayJob) async throws(JournalError) -> ReplayJob {
        let job = try await inner.begin(replay)
        if lives { oracle.began(job) }
        return job
    }

    func advance(_ advance: ReplayAdvance) async throws(JournalError) -> [AppendOutcome]? {
        for draft in advance.drafts { oracle.learn(draft.plan) }
        if lives { oracle.begin(advance) }
        oracle.departures.unheardCount += advance.drafts.count
        let outcomes = try await inner.advance(advance)
        guard lives, let outcomes else { return outcomes }
        oracle.departures.unheardCount -= advance.drafts.count
        oracle.advanced(advance)
        for (draft, outcome) in zip(advance.drafts, outcomes) { oracle.appended(draft, outcome) }
        return outcomes
    }

    func move(
        _ replay: Int64,
        to state: ReplayState,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        try await inner.move(replay, to: state, at: moment)
    }

    func replays() async throws(JournalError) -> [ReplayJob] { try await inner.replays() }

    func replay(_ number: Int64) async throws(JournalError) -> ReplayJob? {
        try await inner.replay(number)
    }

    func attemptCount(of sequence: Int64) async throws(JournalError) -> Int64 {
        try await inner.attemptCount(of: sequence)
    }

    func retryDead(
        _ sequences: [Int64],
        at moment: Timestamp
    ) async throws(JournalError) -> [Int64] {
        let call = oracle.begin(of: sequences)
        do throws(JournalError) {
            let retried = try await inner.retryDead(sequences, at: moment)
            if lives {
                oracle.end(call)
                oracle.retried(retried)
            }
            return retried
        } catch {
            if lives { oracle.fail(call) }
            throw error
        }
    }

    func discardDead(
        _ sequences: [Int64],
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> [Int64] {
        let call = oracle.begin(of: sequences)
        do throws(JournalError) {
            let discarded = try await inner.discardDead(sequences, reason: reason, at: moment)
            if lives {
                oracle.end(call)
                oracle.discarded(discarded, at: moment)
            }
            return discarded
        } catch {
            if lives { oracle.fail(call) }
            throw error
        }
    }

    func probe() async throws(JournalError) { try await inner.probe() }

    func prune(_ request: PruneRequest) async throws(JournalError) -> PruneOutcome {
        let call = oracle.begin(request)
        do throws(JournalError) {
            let outcome = try await inner.prune(request)
            if lives { oracle.end(call, deleted: outcome.deletedCount) }
            return outcome
        } catch {
            if lives { oracle.end(call, deleted: nil) }
            throw error
        }
    }

    func record(_ clock: ClockRecord) async throws(JournalError) {
        try await inner.record(clock)
    }

    func clockRecord() async throws(JournalError) -> ClockRecord? {
        try await inner.clockRecord()
    }

    func reclaim(atMost pageCount: Int) async throws(JournalError) -> ReclaimOutcome {
        try await inner.reclaim(atMost: pageCount)
    }

    func shortage() async throws(JournalError) -> DiskShortage? { try await inner.shortage() }

    func storedVideos(
        from moment: Timestamp,
        limit: Int
    ) async throws(JournalError) -> [StoredVideo] {
        try await inner.storedVideos(from: moment, limit: limit)
    }

    func storedTotals() async throws(JournalError) -> StoredTotals {
        let totals = try await inner.storedTotals()
        if lives { oracle.counted(totals) }
        return totals
    }

    func leavingVideos(limit: Int) async throws(JournalError) -> [StoredVideo] {
        try await inner.leavingVideos(limit: limit)
    }

    func releaseFiles(
        provider: String,
        videoID: VideoID,
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        let before = oracle.runs
        let call = oracle.beginRelease(of: videoID.rawValue, for: reason)
        do throws(JournalError) {
            let isReleased = try await inner.releaseFiles(
                provider: provider,
                videoID: videoID,
                reason: reason,
                at: moment
            )
            if lives { oracle.endRelease(call, isReleased, before) }
            return isReleased
        } catch {
            if lives { oracle.endRelease(call, nil, before) }
            throw error
        }
    }

    func noteDeleted(
        provider: String,
        videoID: VideoID,
        at moment: Timestamp
    ) async throws(JournalError) {
        if lives { oracle.noteDeleted(videoID.rawValue) }
        try await inner.noteDeleted(provider: provider, videoID: videoID, at: moment)
    }

    func entry(_ sequence: Int64) async throws(JournalError) -> JournalEntry? {
        try await inner.entry(sequence)
    }

    func entries(_ query: EntryQuery) async throws(JournalError) -> [JournalEntry] {
        try await inner.entries(query)
    }

    func count(_ query: EntryQuery) async throws(JournalError) -> Int64 {
        try await inner.count(query)
    }

    func steps(of sequences: [Int64]) async throws(JournalError) -> [Int64: [StepRecord]] {
        try await inner.steps(of: sequences)
    }

    func attempts(of sequence: Int64) async throws(JournalError) -> [AttemptRecord] {
        try await inner.attempts(of: sequence)
    }

    func job(provider: String, id: VideoID) async throws(JournalError) -> VideoJob? {
        try await inner.job(provider: provider, id: id)
    }

    func jobs(_ query: JobQuery) async throws(JournalError) -> [VideoJob] {
        try await inner.jobs(query)
    }

    func assets(
        provider: String,
        videoID: VideoID
    ) async throws(JournalError) -> [AssetRecord] {
        try await inner.assets(provider: provider, videoID: videoID)
    }

    func outlook() async throws(JournalError) -> JournalOutlook { try await inner.outlook() }
    func lastSequence() async throws(JournalError) -> Int64 { try await inner.lastSequence() }
    func close() async { await inner.close() }
}
