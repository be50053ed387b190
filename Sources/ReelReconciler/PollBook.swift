internal import ReelJournal
internal import ReelRuntime

/// What is known of a provider's open jobs, and what to ask next: a state machine without I/O,
/// kept in a `Locked`.
///
/// Moments are monotonic but for the ages of jobs, which outlive the process.
struct PollBook {
    private struct Job {
        let firstSeenAt: Timestamp
        var due: Duration
        var triedAt: Duration?
        var polls: Int
        var failures = 0
        var notFoundCount = 0
        var isAsked = false
        /// A list did not hold it, so it is asked for alone.
        var isUnlisted = false
        /// The last answer that was recorded.
        var recorded: Int?
    }

    private let configuration: ReconcilerConfiguration
    private let random: any RandomSource
    private var jobs: [VideoID: Job] = [:]
    /// What has ended since the reading of open jobs that is under way began.
    private var endedMeanwhile: Set<VideoID> = []
    private var askedCount = 0
    private var isListing = false
    private var outages = 0
    private var opensAt: Duration = .zero
    private var listsAgainAt: Duration = .zero
    private(set) var webhooksArrive = false

    init(_ configuration: ReconcilerConfiguration, _ random: any RandomSource) {
        self.configuration = configuration
        self.random = random
    }

    var openCount: Int { jobs.count }
    var isOut: Bool { outages > 0 }

    func isOpen(_ id: VideoID) -> Bool { jobs[id] != nil }

    // MARK: The journal's open jobs

    mutating func refreshBegins() { endedMeanwhile = [] }

    /// Takes the journal's open jobs: new ones are asked about soon, and the others forgotten.
    mutating func refreshed(_ open: [VideoJob], now: Timestamp, at uptime: Duration) {
        var next: [VideoID: Job] = [:]
        next.reserveCapacity(open.count)
        for job in open where !endedMeanwhile.contains(job.id) {
            next[job.id] = jobs[job.id] ?? newJob(job, now, uptime)
        }
        jobs = next
    }

    private func newJob(_ job: VideoJob, _ now: Timestamp, _ uptime: Duration) -> Job {
        let age = max(now - job.firstSeenAt, .zero)
        let polls = configuration.schedule.polls(atAge: age)
        let wait = configuration.schedule.wait(
            afterPolls: 0,
            webhooksArrive: webhooksArrive,
            wish: nil,
            random
        )
        return Job(
            firstSeenAt: job.firstSeenAt,
            due: uptime + max(wait - age, .zero),
            polls: max(polls - 1, 0)
        )
    }

    /// Takes the state of the webhooks; when they stop, nobody waits longer than without them.
    mutating func noteWebhooks(arrive: Bool, at uptime: Duration) {
        webhooksArrive = arrive
        guard !arrive else { return }
        let latest = uptime + configuration.schedule.steady
        for (id, job) in jobs where job.due > latest { jobs[id]?.due = latest }
    }

    // MARK: What to ask

    enum Action: Equatable {
        case retrieve([VideoID])
        case list([VideoID])
        /// Nothing before that moment, or before an answer comes.
        case wait(until: Duration?)
    }

    mutating func next(at uptime: Duration) -> Action {
        guard uptime >= opensAt else { return .wait(until: opensAt) }
        let waiting = jobs.filter { !$0.value.isAsked }
        let due = waiting.filter { $0.value.due <= uptime }
        guard !due.isEmpty else { return .wait(until: waiting.values.map(\.due).min()) }
        if outages > 0 { return probe(due, at: uptime) }
        if !isListing, uptime >= listsAgainAt {
            let near = waiting.filter {
                $0.value.due <= uptime + configuration.listSlack && !$0.value.isUnlisted
            }
            if near.count >= configuration.listThreshold {
                isListing = true
                let ids = sorted(near)
                for id in ids { ask(id, at: uptime) }
                return .list(ids)
            }
        }
        let askable = isListing ? due.filter { $0.value.isUnlisted } : due
        let ids = Array(sorted(askable).prefix(max(configuration.concurrency - askedCount, 0)))
        guard !ids.isEmpty else { return .wait(until: nil) }
        for id in ids { ask(id, at: uptime) }
        askedCount += ids.count
        return .retrieve(ids)
    }

    /// One call to see whether the provider is back, for the job that was tried longest ago.
    private mutating func probe(_ due: [VideoID: Job], at uptime: Duration) -> Action {
        guard askedCount == 0, !isListing else { return .wait(until: nil) }
        let longestAgo = due.min { left, right in
            (left.value.triedAt ?? .zero, left.key.rawValue)
                < (right.value.triedAt ?? .zero, right.key.rawValue)
        }
        guard let id = longestAgo?.key else { return .wait(until: nil) }
        ask(id, at: uptime)
        askedCount += 1
        return .retrieve([id])
    }

    private func sorted(_ jobs: [VideoID: Job]) -> [VideoID] {
        jobs.sorted { ($0.value.due, $0.key.rawValue) < ($1.value.due, $1.key.rawValue) }
            .map(\.key)
    }

    private mutating func ask(_ id: VideoID, at uptime: Duration) {
        jobs[id]?.isAsked = true
        jobs[id]?.triedAt = uptime
    }

    // MARK: What came of it

    /// Whether an answer says something new about an open job.
    func isNews(_ id: VideoID, _ answer: Int) -> Bool {
        jobs[id].map { $0.recorded != answer } ?? false
    }

    /// Takes an answer that was recorded and is not the end.
    ///
    /// - Returns: Whether the job's deadline is over.
    mutating func answered(
        _ id: VideoID,
        _ answer: Int,
        wish: Duration?,
        now: Timestamp,
        at uptime: Duration
    ) -> Bool {
        guard var job = jobs[id] else { return false }
        job.recorded = answer
        job.polls += 1
        job.failures = 0
        job.notFoundCount = 0
        job.isUnlisted = false
        job.due = uptime + wait(job, wish: wish)
        jobs[id] = job
        return isOver(job, now)
    }

    enum FailureAction: Equatable {
        case goOn
        case lose(Reason)
    }

    /// Takes a call for one job that did not come to an answer.
    mutating func failed(
        _ id: VideoID,
        _ fault: ProviderFault,
        retryAfter: Duration?,
        now: Timestamp,
        at uptime: Duration
    ) -> FailureAction {
        if fault == .outage { noteOutage(retryAfter: retryAfter, at: uptime) }
        guard var job = jobs[id], fault != .cancelled else { return .goOn }
        if fault == .expiredVideo { return .lose(Reason("expired_at_provider")) }
        job.failures += 1
        job.polls += 1
        job.notFoundCount = fault == .unknownVideo ? job.notFoundCount + 1 : 0
        let wait =
            fault == .unknownVideo
            ? wait(job, wish: retryAfter)
            : max(configuration.outageWait(job.failures), held(retryAfter))
        job.due = uptime + wait
        jobs[id] = job
        if job.notFoundCount >= configuration.notFoundCountMax,
            now - job.firstSeenAt >= configuration.notFoundAge
        {
            return .lose(Reason("forgotten_by_provider"))
        }
        return isOver(job, now) ? .lose(Reason("poll_deadline")) : .goOn
    }

    /// Tries again soon what the journal could not take.
    mutating func notRecorded(_ id: VideoID, at uptime: Duration) {
        let due = uptime + configuration.refreshInterval
        jobs[id]?.due = due
    }

    mutating func ended(_ id: VideoID) {
        jobs[id] = nil
        endedMeanwhile.insert(id)
    }

    mutating func retrieveEnds(_ id: VideoID) {
        askedCount -= 1
        jobs[id]?.isAsked = false
    }

    /// Ends a round by list; what it did not hold is asked for alone, at once.
    mutating func listEnds(asked: [VideoID], unlisted: Set<VideoID>, at uptime: Duration) {
        isListing = false
        for id in asked { jobs[id]?.isAsked = false }
        for id in unlisted {
            jobs[id]?.isUnlisted = true
            jobs[id]?.due = uptime
        }
        // A list that holds less than half of what it was read for saves nothing.
        if unlisted.count * 2 > asked.count { listIsNoUse(at: uptime) }
    }

    mutating func listIsNoUse(at uptime: Duration) {
        listsAgainAt = uptime + configuration.sweepInterval
    }

    // MARK: The provider as a whole

    /// Lets nobody ask for a while; the first outage in a row says so.
    ///
    /// - Returns: Whether it is the first.
    @discardableResult
    mutating func noteOutage(retryAfter: Duration?, at uptime: Duration) -> Bool {
        // Calls that were under way together are one outage.
        if uptime >= opensAt { outages += 1 }
        let wait = max(configuration.outageWait(outages), held(retryAfter))
        opensAt = max(opensAt, uptime + configuration.schedule.shortened(wait, random))
        return outages == 1
    }

    /// Takes any answer of the provider, be it a refusal of one call.
    ///
    /// - Returns: Whether it was out before.
    mutating func noteAnswer() -> Bool {
        guard outages > 0 else { return false }
        outages = 0
        opensAt = .zero
        return true
    }

    private func wait(_ job: Job, wish: Duration?) -> Duration {
        configuration.schedule.wait(
            afterPolls: job.polls,
            webhooksArrive: webhooksArrive,
            wish: wish,
            random
        )
    }

    private func held(_ retryAfter: Duration?) -> Duration {
        min(retryAfter ?? .zero, configuration.retryAfterLongest)
    }

    private func isOver(_ job: Job, _ now: Timestamp) -> Bool {
        now - job.firstSeenAt >= configuration.deadline
    }
}
