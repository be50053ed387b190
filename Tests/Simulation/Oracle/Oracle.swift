internal import ReelEvents
internal import ReelJournal
internal import ReelRuntime

/// What the service has promised, and whether it keeps it.
///
/// A promise is what a call that returned in a living process said. What was under way when the
/// process died, or failed, may have come about or not.
final class Oracle {
    /// An event in a line of a chain.
    struct RunKey: Hashable, Comparable {
        let sequence: Int64
        let chain: String
        let firstStep: Int

        static func < (left: RunKey, right: RunKey) -> Bool {
            (left.sequence, left.chain, left.firstStep)
                < (right.sequence, right.chain, right.firstStep)
        }
    }

    /// A run as it was promised.
    struct Run {
        enum State { case open, done, dead, discarded }

        var video: String?
        var state = State.open
        /// The steps that are done, which is also the index of the next.
        var doneCount = 0
        var token: Int64 = 0
        var leaseUntil: Timestamp?
        /// The same in the world's own time, which no clock's jump moves.
        var leaseEnd: Int64?
        var reason: Reason?
        /// When it ended, by the clock of the time.
        var endedAt: Timestamp?
        /// The calls about it that have not returned or have failed, each of which may have come
        /// about; true for those that nothing more will come of.
        var doubts: [Int: Bool] = [:]
        /// Those of them that stand for an operator's call which may have come after a verdict that
        /// is yet to be heard.
        var unheard: Set<Int> = []

        var isSure: Bool { doubts.isEmpty }

        init(of key: RunKey, _ video: String?) {
            self.video = video
            doneCount = key.firstStep
        }
    }

    /// An entry as it was promised.
    struct Entry {
        var webhookID: String?
        var body: [UInt8]
        var video: String?
        var type: String?
        var origin: EntryOrigin
        var isFirstOfFact: Bool
        var receivedAt: Timestamp
        /// The state that it came to with its append or its plan, if that is its last.
        var end: EventState?
    }

    /// Something that was said, after which a crash is of interest.
    enum Moment: CaseIterable {
        case appended, acknowledged, claimed, begun, succeeded, settled, stored, notified, revived
    }

    let world: World
    /// Called at each of the moments.
    var whenReached: ((Moment) -> Void)?
    /// Whether a power cut at once would leave a file of that place with that hash.
    var isSafe: ((_ place: String, _ sha256: String) -> Bool)?
    /// Whether a power cut at once would leave nothing of a video's files.
    var isGone: ((_ video: String) -> Bool)?
    /// Whether the provider does not know a video any more.
    var isUnknownThere: ((_ video: String) -> Bool)?
    /// Whether a part of the service has stood still, so that it may wake with an old claim.
    var hasStoodStill = false
    private(set) var violations: [String] = []
    var entries: [Int64: Entry] = [:]
    /// The entries that were old enough to be deleted.
    var forgotten: Set<Int64> = []
    /// The `webhook-id`s of those; no sender goes on for as long as they are kept.
    var forgottenDeliveries: Set<String> = []
    /// The bodies that were acknowledged, by `webhook-id`.
    var acknowledged: [String: [UInt8]] = [:]
    var runs: [RunKey: Run] = [:]
    /// The chains as they were planned, by name.
    var plans: [String: RunPlan] = [:]
    /// The first entry of each video's end.
    var facts: [String: Int64] = [:]
    /// The hash of each file that is promised to be stored, by its place.
    var stored: [String: String] = [:]
    var jobs: [String: JobState] = [:]
    /// What was let go.
    var departures = Departures()
    /// The attempts that succeeded and whose verdicts are to come.
    var successes: [RunKey: Set<String>] = [:]
    /// The notifications that the target has taken, by `webhook-id`, with how often.
    var notifications: [String: Int] = [:]
    /// The `webhook-id` of each step that notifies.
    var handlerIDs: [String: String] = [:]
    private var callCount = 0
    /// The runs that each call under way is about.
    var calls: [Int: [RunKey]] = [:]
    /// What is worked on.
    var acts: [Int: Act] = [:]
    /// When things happened last, by what they are.
    var moments: [String: [Int64]] = [:]

    init(_ world: World) { self.world = world }

    /// Forgets everything.
    func clear() {
        (entries, acknowledged, runs, calls) = ([:], [:], [:], [:])
        (acts, moments) = ([:], [:])
        departures = Departures()
    }

    func violation(_ text: String) {
        violations.append("at \(world.now / 1_000_000) ms, step \(world.stepCount): \(text)")
        world.note("VIOLATION " + text)
    }

    func expect(_ condition: Bool, _ text: @autoclosure () -> String) {
        if !condition { violation(text()) }
    }

    // MARK: Entries

    func appended(_ draft: EntryDraft, _ outcome: AppendOutcome) {
        let fact = draft.fact.map { $0.provider + "/" + $0.videoID.rawValue }
        // What nothing need be known of may be new, or have been so before this.
        if let fact, departures.videos.remove(draft.videoID?.rawValue ?? "") != nil {
            facts[fact] = nil
        }
        whenReached?(.appended)
        switch outcome {
        case .appended(let sequence):
            var end: EventState? = draft.fault == nil ? nil : .unhandled
            if case .unhandled? = draft.plan { end = .unhandled }
            keep(draft, sequence, isFirst: draft.fact != nil, end)
            if let fact {
                let known = facts[fact] ?? sequence
                expect(known == sequence, "a fact of \(fact) is recorded twice")
                facts[fact] = sequence
            }
            if case .runs(let plans) = draft.plan { planned(sequence, plans, draft.videoID) }
        case .duplicateFact(let sequence, let first), .contradiction(let sequence, let first):
            var end = EventState.contradicted
            if case .duplicateFact = outcome { end = .duplicate }
            keep(draft, sequence, isFirst: false, end)
            if let fact, let known = facts[fact] {
                expect(known == first, "\(fact) was first told by \(known), not \(first)")
            } else if let fact {
                facts[fact] = first
            }
        case .redelivery(let sequence):
            if let id = draft.webhookID { departures.repeated[id] = sequence }
            if let known = entries[sequence] {
                expect(
                    known.webhookID == draft.webhookID,
                    "entry \(sequence) is taken for a delivery that it is not"
                )
            }
        }
    }

    private func keep(
        _ draft: EntryDraft,
        _ sequence: Int64,
        isFirst: Bool,
        _ end: EventState?
    ) {
        if let video = draft.videoID?.rawValue { hear(of: video, draft.receivedAt) }
        expect(
            entries[sequence] == nil && !forgotten.contains(sequence),
            "sequence \(sequence) is used again"
        )
        entries[sequence] = Entry(
            webhookID: draft.webhookID,
            body: draft.body,
            video: draft.videoID?.rawValue,
            type: draft.type,
            origin: draft.origin,
            isFirstOfFact: isFirst,
            receivedAt: draft.receivedAt,
            end: end
        )
    }

    private func hear(of video: String, _ moment: Timestamp) {
        departures.since[video] = min(departures.since[video] ?? moment, moment)
    }

    func planned(_ sequence: Int64, _ plans: [RunPlan], _ video: VideoID?) {
        for plan in plans {
            for step in plan.firstSteps {
                let key = RunKey(sequence: sequence, chain: plan.chain, firstStep: step)
                if runs[key] == nil { runs[key] = Run(of: key, video?.rawValue) }
            }
        }
    }

    /// Takes how a chain is planned, whatever becomes of the call that says so.
    func learn(_ plan: EventPlan?) {
        guard case .runs(let plans)? = plan else { return }
        for plan in plans { self.plans[plan.chain] = plan }
    }

    /// An entry is about to be planned.
    func learn(_ plan: EventPlan, for sequence: Int64) {
        learn(plan)
        if case .unhandled = plan { entries[sequence]?.end = .unhandled }
    }

    /// The run that a step of an event is part of.
    private func key(_ event: Event, _ context: HandlerContext) -> RunKey {
        let plan = plans[context.chain]
        let index = plan?.steps.firstIndex(of: context.step)
        return RunKey(
            sequence: event.sequence,
            chain: context.chain,
            firstStep: index.flatMap { plan?.line(of: $0).lowerBound } ?? 0
        )
    }

    /// What orders a run among those of its video.
    func lane(of key: RunKey) -> String? { plans[key.chain]?.lane(of: key.firstStep) }

    func nextCall() -> Int {
        callCount += 1
        return callCount
    }

    // MARK: Handlers

    static func attempt(_ step: String, _ number: Int) -> String { "\(step)/\(number)" }

    /// A handler is called, on behalf of a dispatcher in some place.
    ///
    /// - Returns: What it is known by until it ends.
    func handlerBegan(_ event: Event, _ context: HandlerContext, at place: Place) -> Int {
        let key = key(event, context)
        defer { whenReached?(.begun) }
        if let run = runs[key], run.isSure, !hasStoodStill {
            expect(
                run.state != .discarded && run.state != .done,
                "\(key) \(context.step) is worked on and is \(run.state)"
            )
        }
        let step = "\(key.sequence)/\(key.chain)/\(context.step)"
        if let known = handlerIDs[step] {
            expect(known == context.id, "\(step) has another id than before")
        }
        handlerIDs[step] = context.id
        return begin(key, context.step, at: place)
    }

    func handlerEnded(
        _ act: Int,
        _ event: Event,
        _ context: HandlerContext,
        _ outcome: Outcome
    ) {
        acts[act] = nil
        guard case .done = outcome else { return }
        let key = key(event, context)
        successes[key, default: []].insert(Self.attempt(context.step, context.attempt))
        whenReached?(.succeeded)
    }

    // MARK: Files and jobs

    func recorded(_ asset: AssetRecord) {
        guard asset.state == .stored, let location = asset.location, let sha256 = asset.sha256
        else { return }
        // Once a video's files were let go, what is said of new ones may be of no effect: whoever
        // says so may have stood still since.
        guard !mayLack(filesOf: asset.videoID.rawValue) else { return }
        if let known = stored[location] {
            expect(known == sha256, "\(location) is stored again and is another file")
        }
        departures.filed[asset.videoID.rawValue, default: [:]][asset.variant] = asset
        stored[location] = sha256
        expect(
            isSafe?(location, sha256) ?? true,
            "\(location) is recorded as stored and is not safe on disk"
        )
        whenReached?(.stored)
    }

    /// News of a job was kept, `before` being what was promised when that began.
    func recorded(_ job: VideoJob, after before: JobState?) {
        let isLegal =
            switch (before, job.state) {
            case (nil, _), (.open, _): true
            case (.completed, .completed), (.completed, .deleted), (.failed, .failed),
                (.failed, .deleted), (.deleted, .deleted), (.lost, .lost), (.lost, .completed),
                (.lost, .failed):
                true
            default: false
            }
        let id = job.id.rawValue
        hear(of: id, job.updatedAt)
        guard !departures.videos.contains(id) else { return jobs[id] = job.state }
        expect(isLegal, "\(id) was \(before?.rawValue ?? "") and is \(job.state.rawValue)")
        switch (jobs[id], job.state) {
        case (.completed, .open), (.failed, .open), (.lost, .open): break
        default: jobs[id] = job.state
        }
    }

    /// A notification reaches its target.
    func notified(_ id: String) {
        notifications[id, default: 0] += 1
        whenReached?(.notified)
    }

    /// A delivery is taken.
    func acknowledged(_ id: String, _ body: [UInt8]) {
        // One of those may be taken as what it was, or for new.
        let isKept =
            !forgottenDeliveries.contains(id) || entries.values.contains { $0.webhookID == id }
        if isKept { acknowledged[id] = body }
        whenReached?(.acknowledged)
    }
}
