internal import ReelRuntime

/// The state of a journal in memory and the moves that the protocol has.
struct InMemoryJournal {
    struct VideoKey: Hashable {
        let provider: String
        let id: VideoID
    }

    struct RunKey: Hashable {
        let sequence: Int64
        /// Among the runs of its entry, in the order in which they began.
        let position: Int
    }

    struct DeliveryKey: Hashable {
        let source: String
        let webhookID: String
    }

    struct AssetKey: Hashable {
        let video: VideoKey
        let variant: String
    }

    var isClosed = false
    var clock: ClockRecord?
    /// The entry of sequence n stands at n - 1.
    var stored: [StoredEntry] = []
    /// The runs of an entry in the order in which they began.
    var runs: [Int64: [StoredRun]] = [:]
    /// The keys of runs that are pending, running or waiting.
    var openRuns: Set<RunKey> = []
    var deadRunCount: Int64 = 0
    /// By their targets.
    var breakers: [String: BreakerRecord] = [:]
    /// In the order of their numbers.
    var replays: [ReplayJob] = []

    var deliveries: [DeliveryKey: Int64] = [:]
    var facts: [VideoKey: (terminal: TerminalState, sequence: Int64)] = [:]
    var jobs: [VideoKey: VideoJob] = [:]
    /// The videos in the order in which they were heard of.
    var jobOrder: [VideoKey] = []
    var assets: [AssetKey: AssetRecord] = [:]

    var lastSequence: Int64 { Int64(stored.count) }

    // MARK: Entries

    mutating func append(_ draft: EntryDraft) -> AppendOutcome {
        let delivery = draft.webhookID.map { DeliveryKey(source: draft.source, webhookID: $0) }
        if let delivery, let known = deliveries[delivery] {
            stored[Int(known) - 1].redeliveryCount += 1
            return .redelivery(sequence: known)
        }
        let sequence = lastSequence + 1
        if let delivery { deliveries[delivery] = sequence }
        let outcome = outcome(of: draft, sequence)
        var entry = StoredEntry(draft: draft, sequence: sequence)
        switch outcome {
        case .appended, .redelivery:
            break
        case .duplicateFact(_, let first):
            entry.state = .duplicate
            entry.relatedSequence = first
        case .contradiction(_, let first):
            entry.state = .contradicted
            entry.relatedSequence = first
        }
        stored.append(entry)
        if entry.state != .contradicted, let news = JobUpdate(of: draft) {
            let isKnown = jobs[VideoKey(provider: news.provider, id: news.id)] != nil
            if !isKnown || news.state != nil { _ = record(news) }
        }
        if let plan = draft.plan { self.plan(sequence, plan) }
        return outcome
    }

    private mutating func outcome(of draft: EntryDraft, _ sequence: Int64) -> AppendOutcome {
        guard let fact = draft.fact else { return .appended(sequence: sequence) }
        let key = VideoKey(provider: fact.provider, id: fact.videoID)
        guard let first = facts[key] else {
            facts[key] = (fact.terminal, sequence)
            return .appended(sequence: sequence)
        }
        return first.terminal == fact.terminal
            ? .duplicateFact(sequence: sequence, of: first.sequence)
            : .contradiction(sequence: sequence, of: first.sequence)
    }

    func entry(_ sequence: Int64) -> JournalEntry? {
        guard sequence >= 1, sequence <= lastSequence, !stored[Int(sequence) - 1].isPruned else {
            return nil
        }
        return stored[Int(sequence) - 1].entry
    }

    func entries(_ query: EntryQuery) -> [JournalEntry] {
        let limit = min(max(query.limit, 1), 10_000)
        switch query.order {
        case .oldestFirst:
            return Array(stored.lazy.filter { matches($0, query) }.prefix(limit).map(\.entry))
        case .newestFirst:
            return Array(
                stored.reversed().lazy.filter { matches($0, query) }.prefix(limit).map(\.entry)
            )
        }
    }

    func count(_ query: EntryQuery) -> Int64 {
        stored.reduce(0) { $0 + (matches($1, query) ? 1 : 0) }
    }

    private func matches(_ entry: StoredEntry, _ query: EntryQuery) -> Bool {
        entry.matches(query, hasDeadRun: !deadRuns(of: entry.sequence).isEmpty)
    }

    // MARK: Jobs and files

    mutating func record(_ news: JobUpdate) -> VideoJob {
        let key = VideoKey(provider: news.provider, id: news.id)
        if let known = jobs[key] {
            let job = known.after(news)
            jobs[key] = job
            return job
        }
        let job = VideoJob(first: news)
        jobs[key] = job
        jobOrder.append(key)
        return job
    }

    func job(provider: String, id: VideoID) -> VideoJob? {
        jobs[VideoKey(provider: provider, id: id)]
    }

    func jobs(_ query: JobQuery) -> [VideoJob] {
        let sorted = jobOrder.reversed().compactMap { jobs[$0] }
            .filter { query.provider == nil || $0.provider == query.provider }
            .filter { query.id == nil || $0.id == query.id }
            .filter { job in
                guard let moment = query.removalDueAt else { return true }
                return job.removal?.dueAt.map { $0 <= moment } ?? false
            }
        var rest = sorted[...]
        if let after = query.after {
            guard let place = sorted.firstIndex(where: { $0.id == after }) else { return [] }
            rest = sorted[(place + 1)...]
        }
        return Array(
            rest.lazy
                .filter { query.states?.contains($0.state) ?? true }
                .prefix(min(max(query.limit, 1), 10_000))
        )
    }

    mutating func record(_ asset: AssetRecord) {
        let video = VideoKey(provider: asset.provider, id: asset.videoID)
        let key = AssetKey(video: video, variant: asset.variant)
        guard asset.mayBeRecorded(over: assets[key]?.state) else { return }
        assets[key] = asset
    }

    func assets(provider: String, videoID: VideoID) -> [AssetRecord] {
        let video = VideoKey(provider: provider, id: videoID)
        return assets.filter { $0.key.video == video }.values.sorted { $0.variant < $1.variant }
    }
}
