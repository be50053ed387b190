internal import ReelJournal
internal import ReelRuntime

/// Whether events are let through to one target: a state machine without clock or randomness.
///
/// A failing target is left alone but for one event in each interval, which tries it; whatever
/// answers closes the breaker. A draw is a number from 0 to 1.
struct Breaker {
    private(set) var state: BreakerState = .closed
    private(set) var failureCount = 0
    private(set) var reason: Reason?
    private(set) var changedAt = Timestamp(millisecondsSinceEpoch: 0)
    private(set) var probeAt: Timestamp?
    /// Those that were told to wait since the last probe.
    private var heldCount = 0

    /// How many waiting events one interval takes before their moments are spread over more.
    private static let heldPerInterval = 100
    private static let spreadMax = 20

    init() {}

    /// A breaker as it was before a restart; one that was being tried is open.
    init(_ record: BreakerRecord) {
        state = record.state == .closed ? .closed : .open
        failureCount = record.failureCount
        reason = record.reason
        changedAt = record.changedAt
        probeAt = record.probeAt
    }

    enum Admission: Equatable {
        /// The target may be tried.
        case pass
        case wait(until: Timestamp)
    }

    /// Whether an event may try the target now; the one that may while it is open is the probe.
    ///
    /// A probe that takes long, such as a download, holds nobody up: after another interval the
    /// next one may try.
    mutating func admit(
        at now: Timestamp,
        _ configuration: BreakerConfiguration,
        draw: Double
    ) -> Admission {
        guard state != .closed else { return .pass }
        let due = probeAt ?? now
        if now >= due {
            state = .halfOpen
            heldCount = 0
            probeAt = now + Self.interval(configuration, draw)
            return .pass
        }
        heldCount += 1
        let spread = min(max(heldCount / Self.heldPerInterval, 1), Self.spreadMax)
        return .wait(until: due + configuration.probeInterval * spread * draw)
    }

    /// What a failure means for the event that met it.
    enum Failure: Equatable {
        /// The first since the target last answered: the event's own fault as well as not.
        case counts
        /// The target fails for others as well: the attempt is not the event's.
        case doesNotCount
        /// The event waits behind the breaker.
        case waits
    }

    /// Takes an outage, with the wait that the target asked for.
    ///
    /// - Returns: What it means for the event, and whether the breaker moved.
    mutating func failed(
        _ reason: Reason,
        wait: Duration?,
        at now: Timestamp,
        _ configuration: BreakerConfiguration,
        draw: Double
    ) -> (failure: Failure, hasMoved: Bool) {
        failureCount += 1
        self.reason = reason
        let asked = wait.map { now + min(max($0, .zero), configuration.longestWait) }
        let next = max(now + Self.interval(configuration, draw), asked ?? now)
        switch state {
        case .closed:
            guard failureCount >= configuration.failureCountMax || asked != nil else {
                return (failureCount == 1 ? .counts : .doesNotCount, false)
            }
            open(until: next, at: now)
            return (.waits, true)
        case .halfOpen:
            open(until: next, at: now)
            return (.waits, true)
        case .open:
            // Somebody who was let through before it opened.
            guard let asked, asked > probeAt ?? asked else { return (.waits, false) }
            probeAt = asked
            return (.waits, true)
        }
    }

    private mutating func open(until moment: Timestamp, at now: Timestamp) {
        if state == .closed { changedAt = now }
        state = .open
        heldCount = 0
        probeAt = moment
    }

    /// Takes an answer of the target, whatever it said.
    ///
    /// - Returns: Whether the breaker moved.
    mutating func answered(at now: Timestamp) -> Bool {
        failureCount = 0
        reason = nil
        guard state != .closed else { return false }
        state = .closed
        changedAt = now
        probeAt = nil
        heldCount = 0
        return true
    }

    func record(of target: String) -> BreakerRecord {
        BreakerRecord(
            target: target,
            state: state,
            failureCount: failureCount,
            reason: reason,
            changedAt: changedAt,
            probeAt: probeAt
        )
    }

    private static func interval(
        _ configuration: BreakerConfiguration,
        _ draw: Double
    ) -> Duration {
        configuration.probeInterval * (0.5 + draw / 2)
    }
}
