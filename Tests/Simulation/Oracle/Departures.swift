internal import ReelJournal
internal import ReelRuntime
internal import Reelhook

/// What the service may let go, and what it may have let go so far.
struct Departures {
    /// How long what is over is kept, and which files are.
    var spans = RetentionSettings()
    var files = FileRetentionSettings()

    /// Entries that may be there, and that nobody has heard of.
    var unheardCount = 0
    /// Entries that were old enough for a deletion that was begun, and not heard of since.
    var entries: Set<Int64> = []
    /// Videos that nothing need be known of any more.
    var videos: Set<String> = []
    /// Videos whose files were let go, or may have been.
    var releases: Set<String> = []

    /// Deletions from the journal that are under way.
    var prunes: [Int: PruneRequest] = [:]
    /// Videos whose files are being let go, and why.
    var releasing: [Int: (video: String, reason: String)] = [:]
    /// Videos whose files an operator wants to be gone.
    var wanted: Set<String> = []
    /// The files that were stored of each video, by their variant.
    var filed: [String: [String: AssetRecord]] = [:]
    /// What was stored when somebody counted it last, and what was let go since.
    var totals = StoredTotals(videoCount: 0, byteCount: 0)
    var relief = (videoCount: Int64(0), byteCount: Int64(0))
    /// When each video was first heard of.
    var since: [String: Timestamp] = [:]
    /// The entries that deliveries were said to repeat.
    var repeated: [String: Int64] = [:]

    /// How many entries were deleted for their age, and the files of how many videos were let go.
    var prunedCount = 0
    var releasedCount = 0

    /// How far each replay had come, and which entries it had run again.
    var cursors: [Int64: Int64] = [:]
    var replayed: [Int64: Set<Int64>] = [:]
}

// What is deleted from the journal for its age.
extension Oracle {
    /// The latest that any clock of the machine has said, or would say now.
    private var latestWall: Timestamp {
        Timestamp(millisecondsSinceEpoch: world.trueMilliseconds + world.wallErrorMax)
    }

    /// A deletion begins: it may come about, whatever is heard of it.
    func begin(_ request: PruneRequest) -> Int {
        let span: RetentionSpan? =
            switch request.subject {
            case .entries(let state): state.span
            case .videos: .videos
            case .replays: .replays
            }
        expect(
            span.map { request.before <= latestWall - departures.spans[$0] } ?? false,
            "\(request.subject) is deleted that ended before \(request.before)"
        )
        let call = nextCall()
        departures.prunes[call] = request
        depart(by: request)
        return call
    }

    /// A deletion is over, with how many of its kind, as far as that is heard.
    func end(_ call: Int, deleted count: Int?) {
        guard let request = departures.prunes.removeValue(forKey: call) else { return }
        let known = depart(by: request)
        guard let count, case .entries(let state) = request.subject else { return }
        departures.prunedCount += count
        guard forgotten.isEmpty else { return }
        expect(
            count <= known + departures.unheardCount,
            "\(count) \(state) entries are deleted, and \(known) may be"
        )
    }

    /// Nobody hears any more of what was being let go.
    func loseDepartures() {
        for request in departures.prunes.values { depart(by: request) }
        departures.releases.formUnion(departures.releasing.values.map(\.video))
        (departures.prunes, departures.releasing) = ([:], [:])
    }

    /// Takes note of what a deletion may take.
    @discardableResult
    private func depart(by request: PruneRequest) -> Int {
        switch request.subject {
        case .replays: return 0
        case .videos:
            let spoken = Set(
                entries.compactMap { departures.entries.contains($0.key) ? nil : $0.value.video }
            )
            let heard = departures.since.filter { $0.value < request.before }
            let stored = Set(departures.filed.keys).subtracting(departures.releases)
            departures.videos.formUnion(
                Set(heard.keys).subtracting(spoken).subtracting(stored)
            )
            return 0
        case .entries(let state):
            let its = Dictionary(grouping: runs, by: \.key.sequence)
            let old = Set(entries.keys).union(its.keys).filter {
                mayGo($0, its[$0] ?? [], state, before: request.before)
            }
            departures.entries.formUnion(old)
            return old.count
        }
    }

    /// Whether an entry may be one that ended in a state before a moment.
    private func mayGo(
        _ sequence: Int64,
        _ its: [(key: RunKey, value: Run)],
        _ state: EventState,
        before moment: Timestamp
    ) -> Bool {
        let entry = entries[sequence]
        if let receivedAt = entry?.receivedAt, receivedAt >= moment { return false }
        for (key, run) in its where run.isSure {
            if run.state == .open || hasOpenStage(key, run) { return false }
            if let endedAt = run.endedAt, endedAt >= moment { return false }
        }
        guard its.allSatisfy(\.value.isSure) else { return true }
        if let end = entry?.end { return end == state }
        // It is still to be planned, or nobody has heard yet that it was.
        guard !its.isEmpty else { return false }
        let states = Set(its.map(\.value.state))
        if states.contains(.dead) { return state == .dead }
        return state == (states.contains(.discarded) ? .discarded : .done)
    }

    /// Whether what comes after a run that is done has not begun.
    private func hasOpenStage(_ key: RunKey, _ run: Run) -> Bool {
        guard run.state == .done, let plan = plans[key.chain] else { return false }
        func other(_ step: Int) -> Run? {
            runs[RunKey(sequence: key.sequence, chain: key.chain, firstStep: step)]
        }
        let isWhole = plan.stageSteps(with: key.firstStep).allSatisfy { other($0)?.state == .done }
        return isWhole && plan.nextSteps(after: key.firstStep).contains { other($0) == nil }
    }

    /// Whether the entry of a delivery that was taken may have been deleted since.
    func mayHaveGone(delivery id: String) -> Bool {
        if let repeated = departures.repeated[id], entries[repeated] == nil { return true }
        return departures.entries.contains { entries[$0]?.webhookID == id }
    }

    /// Whether a video's dead letter, or what may have been one, is deleted since.
    func mayHaveGone(letterOf video: String) -> Bool {
        runs.contains { key, run in
            run.video == video && departures.entries.contains(key.sequence)
                && (run.state == .dead || run.state == .discarded || !run.isSure)
        }
    }
}

// Files that are let go.
extension Oracle {
    /// The files of a video are to be let go.
    func beginRelease(of video: String, for reason: Reason) -> Int {
        let (files, totals) = (departures.files, departures.totals)
        let isAllowed: Bool? =
            switch reason.code {
            case "retention_days": files.age.map { isOld(video, $0) }
            case "retention_videos":
                files.videoCountMax.map { departures.relief.videoCount < totals.videoCount - $0 }
            case "retention_bytes":
                files.byteCountMax.map { departures.relief.byteCount < totals.byteCount - $0 }
            case "deleted_by_operator": departures.wanted.contains(video)
            default: nil
            }
        expect(isAllowed ?? false, "the files of \(video) are let go for \(reason.code)")
        let call = nextCall()
        departures.releasing[call] = (video, reason.code)
        return call
    }

    /// Whether the last file of a video, as far as it is known, was stored that long ago.
    private func isOld(_ video: String, _ age: Duration) -> Bool {
        let last = departures.filed[video]?.values.map(\.updatedAt).max()
        return last.map { $0 < latestWall - age } ?? true
    }

    /// The files of a video were let go, or not; nil when nobody knows.
    func endRelease(_ call: Int, _ isReleased: Bool?, _ before: [RunKey: Run]) {
        guard let (video, reason) = departures.releasing.removeValue(forKey: call),
            isReleased != false
        else { return }
        departures.releases.insert(video)
        guard isReleased == true else { return }
        departures.releasedCount += 1
        let files = departures.filed.removeValue(forKey: video) ?? [:]
        // What an operator takes besides is not taken by any count.
        if reason != "deleted_by_operator" {
            departures.relief.videoCount += 1
            departures.relief.byteCount += files.values.reduce(0) { $0 + $1.byteCount }
        }
        for (key, run) in before where run.video == video && run.isSure {
            guard let now = runs[key], now.isSure, now.state == run.state else { continue }
            expect(
                run.state != .open && !hasOpenStage(key, now),
                "the files of \(video) are let go before \(key) has ended"
            )
        }
    }

    func counted(_ totals: StoredTotals) {
        departures.totals = totals
        departures.relief = (0, 0)
    }

    /// That a video's files are gone is about to be written.
    func noteDeleted(_ video: String) {
        expect(mayLack(filesOf: video), "the files of \(video) are deleted and were not let go")
        expect(isGone?(video) ?? true, "the files of \(video) are said to be gone and are there")
    }

    /// Whether files that were stored of a video need not be there.
    func mayLack(filesOf video: String) -> Bool {
        departures.releases.contains(video)
            || departures.releasing.values.contains { $0.video == video }
    }

    /// News of a job is about to be written.
    func begin(_ update: JobUpdate) {
        guard update.state == .deleted else { return }
        let id = update.id.rawValue
        expect(isUnknownThere?(id) ?? true, "\(id) is deleted at its provider and is there")
    }
}

// Replays over what may be deleted meanwhile.
extension Oracle {
    func began(_ replay: ReplayJob) {
        expect(
            departures.cursors[replay.number] == nil,
            "the number of replay \(replay.number) is used again"
        )
        departures.cursors[replay.number] = replay.cursor
    }

    /// A replay is about to go on.
    func begin(_ advance: ReplayAdvance) {
        expect(
            advance.from >= departures.cursors[advance.number] ?? 0,
            "replay \(advance.number) goes back to \(advance.from)"
        )
    }

    func advanced(_ advance: ReplayAdvance) {
        departures.cursors[advance.number] = advance.to
        for sequence in advance.drafts.compactMap(\.replayOf) {
            let isFirst = departures.replayed[advance.number, default: []].insert(sequence).inserted
            expect(isFirst, "replay \(advance.number) runs event \(sequence) twice")
        }
    }
}
