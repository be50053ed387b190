internal import ReelJournal
internal import ReelRuntime

/// What a dispatcher works on, and what it has been told: its state machine, kept in a `Locked`.
///
/// Moments in it are monotonic, so that a wall clock that jumps ends no lease and no time limit.
struct RunTable {
    struct Key: Hashable {
        let sequence: Int64
        let chain: String
        let firstStep: Int

        init(_ claim: Claim) {
            sequence = claim.entry.sequence
            chain = claim.chain
            firstStep = claim.firstStep
        }
    }

    private struct Running {
        var claim: Claim
        var leaseEnd: Duration
        var attempt: StepAttempt?
        var deadline: Duration?
        /// Whether the attempt was told that the lease is over.
        var isLeaseOver = false
        /// A claim of the same run that came while this one is at work, and begins after it.
        ///
        /// That happens when heartbeats have not come through for the whole of a lease.
        var successor: (claim: Claim, leaseEnd: Duration)?
    }

    private static let never: Duration = .seconds(1 << 40)

    private(set) var isStopping = false
    private(set) var isGraceOver = false
    /// The journal was closed under the dispatcher: nothing can be recorded any more.
    private(set) var isClosed = false
    private var runs: [Key: Running] = [:]
    private var mayHavePending = true
    private var hasNews = false
    /// Until when the keeper sleeps; nil while it sleeps until something is at work.
    private var alarm: Duration? = .zero
    /// When the next heartbeat is due; nil while one is under way.
    private var nextBeat: Duration?

    /// What ended and is to be recorded, in the order in which it ended.
    private var reports: [Report] = []

    /// How an attempt ended, and the task that waits until it is recorded.
    struct Report: Sendable {
        let settlement: DispatchRound.Settlement
        let waiter: CheckedContinuation<Answer, Never>

        struct Answer: Sendable {
            let outcome: SettleOutcome
            /// What the task is to work on next.
            let next: Claim?
        }
    }

    var runningCount: Int { runs.count }
    var hasReports: Bool { !reports.isEmpty }

    // MARK: What the loop does

    enum AdmitAction {
        case work(Claim)
        /// The run is at work here: its attempt, if one is under way, is to be interrupted.
        case supersede(StepAttempt?)
    }

    mutating func admit(_ claim: Claim, leaseEnd: Duration) -> AdmitAction {
        let key = Key(claim)
        guard runs[key] == nil else {
            runs[key]?.successor = (claim, leaseEnd)
            return .supersede(runs[key]?.attempt)
        }
        runs[key] = Running(claim: claim, leaseEnd: leaseEnd)
        return .work(claim)
    }

    /// Whether the journal may hold pending entries since this was last asked.
    mutating func takeMayHavePending() -> Bool {
        defer { mayHavePending = false }
        return mayHavePending
    }

    mutating func noteMayHavePending() { mayHavePending = true }

    /// Whether a verdict was recorded since this was last asked.
    mutating func takeNews() -> Bool {
        defer { hasNews = false }
        return hasNews
    }

    mutating func noteNews() { hasNews = true }
    mutating func stop() { isStopping = true }

    mutating func close() {
        isClosed = true
        isStopping = true
        isGraceOver = true
    }

    /// Ends the grace.
    ///
    /// - Returns: The attempts that are to be interrupted.
    mutating func endGrace() -> [StepAttempt] {
        isGraceOver = true
        return runs.values.compactMap(\.attempt)
    }

    // MARK: What a claim's task does

    enum BeginAction {
        case call
        /// The service stops, or the claim was superseded or is over: the handler is not called.
        case decline(Interruption)
    }

    /// Begins an attempt.
    ///
    /// - Returns: What to do, and whether the keeper must be woken for the attempt's deadline.
    mutating func begin(
        _ attempt: StepAttempt,
        of claim: Claim,
        at uptime: Duration,
        deadline: Duration
    ) -> (action: BeginAction, wakesKeeper: Bool) {
        let index = runs.index(forKey: Key(claim))
        if let index, runs.values[index].successor != nil { return (.decline(.fenced), false) }
        if isStopping { return (.decline(.stopping), false) }
        // Whoever hears late of his claim, as he or the disk stood still, may be taken over.
        if let index, runs.values[index].leaseEnd <= uptime { return (.decline(.leaseOver), false) }
        guard let index else { return (.call, true) }
        runs.values[index].attempt = attempt
        runs.values[index].deadline = deadline
        runs.values[index].isLeaseOver = false
        let end = min(deadline, runs.values[index].leaseEnd)
        return (.call, alarm.map { end < $0 } ?? true)
    }

    mutating func endAttempt(of claim: Claim) {
        guard let index = runs.index(forKey: Key(claim)) else { return }
        runs.values[index].attempt = nil
        runs.values[index].deadline = nil
    }

    /// Takes how an attempt ended, for the next round.
    mutating func report(_ report: Report) { reports.append(report) }

    // MARK: What a round does

    /// Takes what is to be recorded, the oldest first.
    mutating func takeReports(atMost count: Int) -> [Report] {
        guard reports.count > count else {
            defer { reports = [] }
            return reports
        }
        defer { reports.removeFirst(count) }
        return Array(reports.prefix(count))
    }

    /// Takes back what could not be recorded.
    mutating func putBack(_ taken: [Report]) { reports = taken + reports }

    /// Takes what became of a claim once its attempt was recorded.
    ///
    /// - Returns: The run's next step, or the claim of the same run that was waiting for this one;
    ///   nil when the run is not at work any more.
    mutating func conclude(
        _ claim: Claim,
        _ outcome: SettleOutcome,
        leaseEnd: Duration
    ) -> Claim? {
        let index = runs.index(forKey: Key(claim))
        switch outcome {
        case .next(let next):
            hasNews = true
            if let index {
                runs.values[index].claim = next
                runs.values[index].leaseEnd = leaseEnd
            }
            return next
        case .released, .fenced:
            if outcome == .released { hasNews = true }
            guard let index else { return nil }
            guard let successor = runs.values[index].successor else {
                runs.remove(at: index)
                return nil
            }
            // Its lease began when it was claimed.
            runs.values[index] = Running(claim: successor.claim, leaseEnd: successor.leaseEnd)
            return successor.claim
        }
    }

    // MARK: What the keeper does

    /// Sets the alarm to the next heartbeat, or the first end of a time limit or lease before it.
    ///
    /// - Returns: Nil when nothing is at work; the keeper is woken for what begins.
    mutating func setAlarm() -> Duration? {
        guard !runs.isEmpty else {
            alarm = nil
            return nil
        }
        var first = nextBeat ?? Self.never
        for run in runs.values where run.attempt != nil {
            if let deadline = run.deadline { first = min(first, deadline) }
            if !run.isLeaseOver { first = min(first, run.leaseEnd) }
        }
        alarm = first
        return first
    }

    mutating func setBeat(at uptime: Duration) { nextBeat = uptime }

    /// Has nothing beat before a moment, unless something does now.
    mutating func putOffBeat(to uptime: Duration) {
        if nextBeat != nil { nextBeat = uptime }
    }

    /// Whether a heartbeat is to begin; none is due until that one has ended.
    mutating func takeBeat(at uptime: Duration) -> Bool {
        guard let beat = nextBeat, beat <= uptime else { return false }
        nextBeat = nil
        return true
    }

    /// The attempts whose time is over, each told once.
    mutating func takeOverdue(at uptime: Duration) -> [StepAttempt] {
        var overdue: [StepAttempt] = []
        for (key, run) in runs {
            guard let deadline = run.deadline, deadline <= uptime, let attempt = run.attempt else {
                continue
            }
            runs[key]?.deadline = nil
            overdue.append(attempt)
        }
        return overdue
    }

    /// The claims whose leases are to be renewed.
    var renewable: [Claim] {
        runs.values.filter { $0.successor == nil }.map(\.claim)
    }

    /// Takes a heartbeat's answer.
    ///
    /// - Returns: The attempts whose claims are lost.
    mutating func renewed(
        _ renewed: [Claim],
        of asked: [Claim],
        leaseEnd: Duration
    ) -> [StepAttempt] {
        var lost: [StepAttempt] = []
        let kept = Dictionary(
            renewed.map { (Key($0), $0.token) },
            uniquingKeysWith: { max($0, $1) }
        )
        for claim in asked {
            let key = Key(claim)
            // A run that went on or was claimed anew meanwhile is none of this answer's business.
            guard let run = runs[key], run.claim.token == claim.token,
                run.claim.stepIndex == claim.stepIndex
            else { continue }
            if kept[key] == claim.token {
                runs[key]?.leaseEnd = max(run.leaseEnd, leaseEnd)
            } else if let attempt = run.attempt {
                lost.append(attempt)
            }
        }
        return lost
    }

    /// The attempts whose lease ended without a heartbeat getting through, each told once.
    mutating func takePastLease(at uptime: Duration) -> [StepAttempt] {
        var ended: [StepAttempt] = []
        for (key, run) in runs where !run.isLeaseOver && run.leaseEnd <= uptime {
            guard let attempt = run.attempt else { continue }
            runs[key]?.isLeaseOver = true
            ended.append(attempt)
        }
        return ended
    }
}
