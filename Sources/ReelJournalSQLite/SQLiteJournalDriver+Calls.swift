package import ReelJournal
package import ReelRuntime

// The calls of the protocol: each becomes work for the writer or for a reader.
extension SQLiteJournalDriver {
    func write<Value: Sendable>(
        takingIn takesIn: Bool = false,
        _ work: @escaping @Sendable (JournalTables) throws(SQLiteFault) -> Value
    ) async throws(JournalError) -> Value {
        guard let writer else { throw Self.readOnly }
        let result = await withCheckedContinuation { continuation in
            put(AwaitedWork(continuation, takesIn: takesIn, work), to: writer)
        }
        return try result.get()
    }

    /// A write that gives claims.
    private func give<Value: Sendable>(
        _ claims: @escaping @Sendable (Value) -> [Claim],
        at moment: Timestamp,
        _ work: @escaping @Sendable (JournalTables) throws(SQLiteFault) -> Value
    ) async throws(JournalError) -> Value {
        guard let writer else { throw Self.readOnly }
        let result = await withCheckedContinuation { continuation in
            let awaited = AwaitedWork(continuation, work)
            put(ClaimingWork(awaited, giving: claims, at: moment, writer.unheard), to: writer)
        }
        return try result.get()
    }

    /// SQLITE_READONLY.
    private static let readOnly = JournalError.driver(code: 8)

    private func put(_ work: any TableWork, to writer: JournalWriter) {
        guard let error = writer.put(work) else { return }
        metrics.failed(error)
        work.fail(error)
    }

    func read<Value: Sendable>(
        _ work: @escaping @Sendable (JournalTables) throws(SQLiteFault) -> Value
    ) async throws(JournalError) -> Value {
        let result = await withCheckedContinuation { continuation in
            let work = AwaitedWork(continuation, work)
            if let error = readers.put(work) { work.fail(error) }
        }
        return try result.get()
    }

    // MARK: Writing

    package func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome {
        guard let writer else { throw Self.readOnly }
        let result = await withCheckedContinuation { continuation in
            put(AppendWork(draft, continuation), to: writer)
        }
        let outcome = try result.get()
        metrics.appended(outcome)
        return outcome
    }

    package func plan(
        _ plans: [(sequence: Int64, plan: EventPlan)]
    ) async throws(JournalError) {
        // None at all is to find out whether something can be taken in.
        try await write(takingIn: plans.isEmpty) { (tables) throws(SQLiteFault) in
            for (sequence, plan) in plans { try tables.plan(sequence, plan) }
        }
    }

    package func probe() async throws(JournalError) {
        try await write(takingIn: true) { (tables) throws(SQLiteFault) in try tables.probe() }
    }

    package func claim(_ request: ClaimRequest) async throws(JournalError) -> [Claim] {
        try await give({ $0 }, at: request.now) { (tables) throws(SQLiteFault) in
            try tables.claim(request)
        }
    }

    package func renew(
        _ claims: [Claim],
        until moment: Timestamp
    ) async throws(JournalError) -> [Claim] {
        try await write { (tables) throws(SQLiteFault) in
            var renewed: [Claim] = []
            for claim in claims {
                if let claim = try tables.renew(claim, until: moment) { renewed.append(claim) }
            }
            return renewed
        }
    }

    package func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        startedAt: Timestamp,
        endedAt: Timestamp,
        leaseUntil: Timestamp
    ) async throws(JournalError) -> SettleOutcome {
        try await give({ [$0.next].compactMap(\.self) }, at: endedAt) {
            (tables) throws(SQLiteFault) in
            try tables.settle(
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
        let moment = round.claim?.now ?? round.settlements.last?.endedAt
        guard let moment else {
            return try await write { (tables) throws(SQLiteFault) in try tables.advance(round) }
        }
        return try await give({ $0.settled.compactMap(\.next) + $0.claims }, at: moment) {
            (tables) throws(SQLiteFault) in
            try tables.advance(round)
        }
    }

    package func saveCheckpoint(
        _ claim: Claim,
        _ checkpoint: [UInt8]
    ) async throws(JournalError) -> Bool {
        try await write { (tables) throws(SQLiteFault) in
            try tables.saveCheckpoint(claim, checkpoint)
        }
    }

    package func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob {
        try await write { (tables) throws(SQLiteFault) in try tables.record(update) }
    }

    package func record(_ asset: AssetRecord) async throws(JournalError) {
        try await write { (tables) throws(SQLiteFault) in try tables.record(asset) }
    }

    package func record(_ breaker: BreakerRecord) async throws(JournalError) {
        try await write { (tables) throws(SQLiteFault) in try tables.record(breaker) }
    }

    package func begin(_ replay: ReplayJob) async throws(JournalError) -> ReplayJob {
        try await write { (tables) throws(SQLiteFault) in try tables.begin(replay) }
    }

    package func advance(
        _ advance: ReplayAdvance
    ) async throws(JournalError) -> [AppendOutcome]? {
        let outcomes = try await write(takingIn: true) { (tables) throws(SQLiteFault) in
            try tables.advance(advance)
        }
        for outcome in outcomes ?? [] { metrics.appended(outcome) }
        return outcomes
    }

    package func move(
        _ replay: Int64,
        to state: ReplayState,
        at moment: Timestamp
    ) async throws(JournalError) -> Bool {
        try await write { (tables) throws(SQLiteFault) in
            try tables.move(replay, to: state, at: moment)
        }
    }

    package func retryDead(
        _ sequences: [Int64],
        at moment: Timestamp
    ) async throws(JournalError) -> [Int64] {
        try await write { (tables) throws(SQLiteFault) in
            var retried: [Int64] = []
            for sequence in sequences where try tables.retryDead(sequence, at: moment) {
                retried.append(sequence)
            }
            return retried
        }
    }

    package func discardDead(
        _ sequences: [Int64],
        reason: Reason,
        at moment: Timestamp
    ) async throws(JournalError) -> [Int64] {
        try await write { (tables) throws(SQLiteFault) in
            var discarded: [Int64] = []
            for sequence in sequences
            where try tables.discardDead(sequence, reason, at: moment) {
                discarded.append(sequence)
            }
            return discarded
        }
    }

    // MARK: Reading

    package func entry(_ sequence: Int64) async throws(JournalError) -> JournalEntry? {
        try await read { (tables) throws(SQLiteFault) in try tables.entry(sequence) }
    }

    package func breakers() async throws(JournalError) -> [BreakerRecord] {
        try await read { (tables) throws(SQLiteFault) in try tables.breakers() }
    }

    package func shortage() async throws(JournalError) -> DiskShortage? {
        try await read { (tables) throws(SQLiteFault) in try tables.shortage() }
    }

    package func replays() async throws(JournalError) -> [ReplayJob] {
        try await read { (tables) throws(SQLiteFault) in try tables.replays() }
    }

    package func replay(_ number: Int64) async throws(JournalError) -> ReplayJob? {
        try await read { (tables) throws(SQLiteFault) in try tables.replay(number) }
    }

    package func entries(_ query: EntryQuery) async throws(JournalError) -> [JournalEntry] {
        try await read { (tables) throws(SQLiteFault) in try tables.entries(query) }
    }

    package func count(_ query: EntryQuery) async throws(JournalError) -> Int64 {
        try await read { (tables) throws(SQLiteFault) in try tables.count(query) }
    }

    package func steps(
        of sequences: [Int64]
    ) async throws(JournalError) -> [Int64: [StepRecord]] {
        try await read { (tables) throws(SQLiteFault) in try tables.steps(of: sequences) }
    }

    package func attempts(of sequence: Int64) async throws(JournalError) -> [AttemptRecord] {
        try await read { (tables) throws(SQLiteFault) in try tables.attempts(of: sequence) }
    }

    package func attemptCount(of sequence: Int64) async throws(JournalError) -> Int64 {
        try await read { (tables) throws(SQLiteFault) in
            try tables.runs(of: sequence).reduce(0) { $0 + $1.attemptTotal }
        }
    }

    package func job(provider: String, id: VideoID) async throws(JournalError) -> VideoJob? {
        try await read { (tables) throws(SQLiteFault) in
            try tables.job(provider: provider, id: id)
        }
    }

    package func jobs(_ query: JobQuery) async throws(JournalError) -> [VideoJob] {
        try await read { (tables) throws(SQLiteFault) in try tables.jobs(query) }
    }

    package func assets(
        provider: String,
        videoID: VideoID
    ) async throws(JournalError) -> [AssetRecord] {
        try await read { (tables) throws(SQLiteFault) in
            try tables.assets(provider: provider, videoID: videoID)
        }
    }

    package func outlook() async throws(JournalError) -> JournalOutlook {
        try await read { (tables) throws(SQLiteFault) in try tables.outlook() }
    }

    package func lastSequence() async throws(JournalError) -> Int64 {
        try await read { (tables) throws(SQLiteFault) in try tables.lastSequence() }
    }
}
