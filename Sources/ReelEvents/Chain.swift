/// Steps that follow one another for the events of some types; those that tell somebody stand side
/// by side where they are neighbours.
public struct Chain: Sendable {
    /// Unique among the chains of a service; recorded with every run, so a chain that is renamed
    /// is another chain.
    public let name: String
    public let types: [EventType]
    public let steps: [Step]

    /// Makes a chain.
    ///
    /// - Precondition: There is at least one type and one step, and no two steps share a name.
    public init(_ name: String, on types: [EventType], steps: [Step]) {
        precondition(!types.isEmpty && !steps.isEmpty, "a chain has a type and a step")
        precondition(Set(steps.map(\.name)).count == steps.count, "a chain's steps differ in name")
        self.name = name
        self.types = types
        self.steps = steps
    }
}

/// One handler in a chain, under a name.
public struct Step: Sendable {
    public let name: String
    public let handler: any Handler
    public let retry: RetryPolicy
    /// How long one attempt may take.
    public let timeLimit: Duration
    /// Whom it tells, safe to show and to log; nil for a step that goes by its place alone.
    ///
    /// Steps of different lanes that stand next to each other begin together, and none of them
    /// waits for another; what comes after them begins when all are done. One at the end of its
    /// chain holds back, of later events of the same video, only the steps of the same lane.
    public let lane: String?

    public init(
        _ name: String,
        _ handler: any Handler,
        retry: RetryPolicy = RetryPolicy(),
        timeLimit: Duration = .seconds(3600),
        lane: String? = nil
    ) {
        self.name = name
        self.handler = handler
        self.retry = retry
        self.timeLimit = timeLimit
        self.lane = lane
    }
}

/// How often and when a step is tried again.
///
/// The wait before attempt n+1 is drawn evenly from zero to `min(cap, base * 2^(n-1))` (full
/// jitter), unless the handler names one; then it is that one, held to `longestWait`. A schedule
/// takes the place of the drawn waits: each is at least the schedule's, whatever the handler names,
/// and a random part of up to a tenth is added, so that what failed together does not come back
/// together.
public struct RetryPolicy: Sendable, Hashable {
    /// The attempts in all, the first included; at least 1.
    public var attempts: Int
    public var base: Duration
    public var cap: Duration
    /// The longest wait that a handler, or a server's `Retry-After`, may ask for.
    public var longestWait: Duration
    /// The waits before the second attempt, the third and so on; beyond its end, or when it is
    /// empty, waits are drawn.
    public var schedule: [Duration]

    public init(
        attempts: Int = 12,
        base: Duration = .seconds(1),
        cap: Duration = .seconds(300),
        longestWait: Duration = .seconds(3600),
        schedule: [Duration] = []
    ) {
        self.attempts = max(1, attempts)
        self.base = base
        self.cap = cap
        self.longestWait = longestWait
        self.schedule = schedule
    }
}
