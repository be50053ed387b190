package import ReelRuntime

/// A store for the journal: the seam between what must hold and what holds it.
///
/// Every writing call returns after its change is durable. One that throws has changed nothing, but
/// for `.io` and `.full`: then it may have come about all the same. Claims that such a call gave
/// nobody has heard of, and the next call that gives claims takes them back, uncounted, before it
/// does anything else. Calls may come from any task at once. Drivers pass the suite of
/// `Tests/JournalConformance`, the in-memory one included.
///
/// Opening a journal that only one process can have open ends the leases in it: whoever held one
/// is gone.
package protocol JournalDriver: Sendable {
    // Writing.

    /// Appends an entry unless its `webhook-id` is known for its source; a fact already recorded
    /// makes it a duplicate or a contradiction. The job of the fact's video moves in the same
    /// transaction (and is made, with origin `event`, where there is none). So are the runs of a
    /// draft that has a plan, unless it is faulty or not the first of its fact.
    func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome

    /// Turns pending entries into runs, or sets them aside. Entries that are not pending any more,
    /// or have a plan, are left alone. No plans at all say whether something new can be taken in,
    /// without a write where that is known.
    func plan(_ plans: [(sequence: Int64, plan: EventPlan)]) async throws(JournalError)

    /// Claims runs that are due or whose lease is over: soonest-expiring video first, then by
    /// sequence and the order of the plan; never a run of a video that has an earlier entry's run
    /// unfinished (`pending`, `running` or `waiting`) or another entry's run at work under a lease.
    /// Claiming counts an attempt of the current step.
    ///
    /// Two claims of one video are thus runs of one entry, in chains of their own. An attempt whose
    /// lease was over is kept in the history as `lost`, with the reason `lease_over`.
    func claim(_ request: ClaimRequest) async throws(JournalError) -> [Claim]

    /// Extends leases; those already taken over are left out of the answer.
    func renew(
        _ claims: [Claim],
        until: Timestamp
    ) async throws(JournalError) -> [Claim]

    /// Records how the attempt ended, and in the same transaction begins the next step of the run
    /// after `.done`.
    func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) async throws(JournalError) -> SettleOutcome

    /// Records verdicts, makes plans and claims runs in one transaction: all of it or none.
    func advance(_ round: DispatchRound) async throws(JournalError) -> RoundOutcome

    /// Keeps what the next attempt of this step may go on from.
    ///
    /// - Returns: False when the claim is fenced.
    func saveCheckpoint(_ claim: Claim, _ checkpoint: [UInt8]) async throws(JournalError) -> Bool

    /// Creates or updates the memory of a video; a state never goes back.
    func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob

    /// Creates or replaces the memory of a file, by the moves that the life cycle has and no other:
    /// what else somebody says who was overtaken changes nothing. It does not let files leave.
    func record(_ asset: AssetRecord) async throws(JournalError)

    /// Lets the stored files of a video leave the store, unless a run of the video is open, which
    /// may be about to read them.
    ///
    /// - Returns: Whether there were any.
    func releaseFiles(
        provider: String,
        videoID: VideoID,
        reason: Reason,
        at: Timestamp
    ) async throws(JournalError) -> Bool

    /// Keeps that the files of a video that were to leave are gone.
    func noteDeleted(
        provider: String,
        videoID: VideoID,
        at: Timestamp
    ) async throws(JournalError)

    /// Keeps where a breaker stands, by the moves that the life cycle has (`BreakerRecord.kept`);
    /// the runs that wait behind one that is closed are due at the moment of its change.
    func record(_ breaker: BreakerRecord) async throws(JournalError)

    /// Stores a replay that begins, and gives it its number.
    func begin(_ replay: ReplayJob) async throws(JournalError) -> ReplayJob

    /// Appends what a replay brings and moves it on, in one transaction.
    ///
    /// - Returns: What became of the drafts; nil when the replay is not running or stands
    ///   elsewhere, and nothing was changed.
    func advance(_ advance: ReplayAdvance) async throws(JournalError) -> [AppendOutcome]?

    /// Stops a replay or lets it go on.
    ///
    /// - Returns: False when there is none, or its life cycle does not have the move.
    func move(
        _ replay: Int64,
        to state: ReplayState,
        at: Timestamp
    ) async throws(JournalError) -> Bool

    /// Makes dead runs of these entries due again at once, their attempts counted anew.
    ///
    /// - Returns: The entries that had one.
    func retryDead(_ sequences: [Int64], at: Timestamp) async throws(JournalError) -> [Int64]

    /// Sets dead entries aside for good.
    func discardDead(
        _ sequences: [Int64],
        reason: Reason,
        at: Timestamp
    ) async throws(JournalError) -> [Int64]

    /// Deletes what is over and old: one piece of a walk over it.
    ///
    /// Entries go with their bodies, runs, attempts and keys; none whose work is open, or ended
    /// later than the request says. The end of a video that an entry told of outlives it. A
    /// delivery that comes again after its entry was deleted is taken for new: whoever asks keeps
    /// entries for longer than a provider sends.
    func prune(_ request: PruneRequest) async throws(JournalError) -> PruneOutcome

    /// Gives space that nothing uses any more back to the file system, at most so many pages.
    ///
    /// Some is kept for what comes next.
    func reclaim(atMost pageCount: Int) async throws(JournalError) -> ReclaimOutcome

    /// Keeps how upkeep found the clock, in place of what was kept before.
    func record(_ clock: ClockRecord) async throws(JournalError)

    /// Writes and commits a mark that means nothing: whether something new can be taken in now.
    func probe() async throws(JournalError)

    // Reading.

    func entry(_ sequence: Int64) async throws(JournalError) -> JournalEntry?
    func entries(_ query: EntryQuery) async throws(JournalError) -> [JournalEntry]
    /// All that match, whatever the limit.
    func count(_ query: EntryQuery) async throws(JournalError) -> Int64
    func steps(of sequences: [Int64]) async throws(JournalError) -> [Int64: [StepRecord]]
    /// The newest of each run, `RunProgress.historyCountMax` at most, and all that ended as done.
    func attempts(of sequence: Int64) async throws(JournalError) -> [AttemptRecord]
    /// How many attempts there were in all, also those that are not kept any more.
    func attemptCount(of sequence: Int64) async throws(JournalError) -> Int64
    func job(provider: String, id: VideoID) async throws(JournalError) -> VideoJob?
    func jobs(_ query: JobQuery) async throws(JournalError) -> [VideoJob]
    func assets(provider: String, videoID: VideoID) async throws(JournalError) -> [AssetRecord]
    /// Videos with a file that was stored at a moment or after it, the first stored first, each
    /// once; from 1 to 10,000.
    func storedVideos(
        from: Timestamp,
        limit: Int
    ) async throws(JournalError) -> [StoredVideo]
    func storedTotals() async throws(JournalError) -> StoredTotals
    /// Videos with files that are to be deleted; from 1 to 10,000.
    func leavingVideos(limit: Int) async throws(JournalError) -> [StoredVideo]
    /// The breakers that were recorded, by target.
    func breakers() async throws(JournalError) -> [BreakerRecord]
    /// The last hundred replays, and older ones that are not done, newest first.
    func replays() async throws(JournalError) -> [ReplayJob]
    func replay(_ number: Int64) async throws(JournalError) -> ReplayJob?
    /// The last time that the disk was full; nil when it never was.
    func shortage() async throws(JournalError) -> DiskShortage?
    /// How upkeep found the clock; nil before the first time.
    func clockRecord() async throws(JournalError) -> ClockRecord?
    /// The next moment at which a run can be claimed, and how many runs are open.
    func outlook() async throws(JournalError) -> JournalOutlook
    /// The highest sequence; 0 for an empty journal.
    func lastSequence() async throws(JournalError) -> Int64

    /// Finishes what was accepted and closes; later calls throw `.closed`. Legal twice.
    func close() async
}

extension JournalDriver {
    /// For a driver whose every commit is a write.
    package func probe() async throws(JournalError) {
        try await plan([])
    }

    /// For a driver that has no disk.
    package func shortage() async throws(JournalError) -> DiskShortage? { nil }

    /// For a driver that has no file.
    package func reclaim(atMost pageCount: Int) async throws(JournalError) -> ReclaimOutcome {
        ReclaimOutcome(freedByteCount: 0, isComplete: true)
    }
}

/// What a dispatcher asks for.
package struct ClaimRequest: Sendable, Hashable {
    /// The code of a run's reason while it waits for its turn at a target; the detail is the
    /// target.
    package static let turnCode = "waiting_for_turn"

    package let owner: String
    package let now: Timestamp
    package let leaseUntil: Timestamp
    package let limit: Int
    /// How many of the runs that wait for their turn are due now, by target, whatever the limit:
    /// those whose video expires soonest first, then as they came.
    package let calls: [String: Int]

    package init(
        owner: String,
        now: Timestamp,
        leaseUntil: Timestamp,
        limit: Int,
        calls: [String: Int] = [:]
    ) {
        self.owner = owner
        self.now = now
        self.leaseUntil = leaseUntil
        self.limit = limit
        self.calls = calls
    }
}

/// What waits in the journal.
package struct JournalOutlook: Sendable, Hashable {
    /// When the first run that nothing of its video stands before becomes due, or its lease ends;
    /// the epoch for one that can be claimed at once, nil when nothing is open.
    package let nextDueAt: Timestamp?
    package let openRunCount: Int64
    package let deadRunCount: Int64

    package init(nextDueAt: Timestamp?, openRunCount: Int64, deadRunCount: Int64) {
        self.nextDueAt = nextDueAt
        self.openRunCount = openRunCount
        self.deadRunCount = deadRunCount
    }
}

/// Which entries a reader wants; conditions are joined by "and".
package struct EntryQuery: Sendable, Hashable {
    /// Which way a reader goes.
    package enum Order: Sendable, Hashable { case newestFirst, oldestFirst }

    /// Only entries after this one, for a cursor.
    package var after: Int64?
    /// Only entries before this one, for paging back.
    package var before: Int64?
    package var sequences: [Int64]?
    package var types: [String]?
    /// Only entries in one of these; `dead` also takes those that have a dead run while another of
    /// their runs is open, whatever state that puts them in.
    package var states: [EventState]?
    package var videoID: VideoID?
    package var eventID: String?
    package var webhookID: String?
    package var origin: EntryOrigin?
    package var receivedFrom: Timestamp?
    /// Exclusive.
    package var receivedTo: Timestamp?
    /// Only entries that are pending and have no plan yet: what a dispatcher has to look at.
    package var isUnplanned = false
    package var order: Order = .newestFirst
    /// From 1 to 10,000.
    package var limit: Int = 50

    package init() {}
}

/// Which jobs a reader wants.
package struct JobQuery: Sendable, Hashable {
    package var provider: String?
    /// Only the jobs of that name, of which each provider may have one.
    package var id: VideoID?
    package var states: [JobState]?
    /// Only jobs whose deletion at the provider is due at that moment.
    package var removalDueAt: Timestamp?
    /// Only jobs that the journal heard of before this one; the answer is newest first.
    package var after: VideoID?
    /// From 1 to 10,000.
    package var limit: Int = 50

    package init() {}
}
