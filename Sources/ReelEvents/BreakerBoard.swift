internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// The breakers of a dispatcher, one for each target that its handlers name.
final class BreakerBoard: Sendable {
    private let configuration: BreakerConfiguration
    private let random: any RandomSource
    private let metrics: Metrics
    private let breakers = Locked([String: Breaker]())
    /// The targets whose last move the journal has not taken.
    private let unkept = Locked(Set<String>())

    init(
        _ configuration: BreakerConfiguration,
        random: any RandomSource,
        metrics: Metrics
    ) {
        self.configuration = configuration
        self.random = random
        self.metrics = metrics
    }

    /// Goes on from what was kept; what has happened since is newer.
    func restore(_ records: [BreakerRecord]) {
        breakers.withLock { breakers in
            for record in records.prefix(configuration.targetCountMax)
            where breakers[record.target] == nil {
                breakers[record.target] = Breaker(record)
            }
        }
        for record in records { show(record) }
    }

    /// Until when an event has to wait, nil when it may try the target, and what is to be kept when
    /// the breaker moved.
    func wait(
        for target: String,
        at now: Timestamp
    ) -> (until: Timestamp?, moved: BreakerRecord?) {
        let draw = random.unit()
        let (admission, moved): (Breaker.Admission, BreakerRecord?) = breakers.withLock {
            guard var breaker = $0[target] else { return (.pass, nil) }
            let before = breaker.state
            let admission = breaker.admit(at: now, configuration, draw: draw)
            $0[target] = breaker
            return (admission, breaker.state == before ? nil : breaker.record(of: target))
        }
        if let moved { show(moved) }
        switch admission {
        case .pass: return (nil, moved)
        case .wait(let until): return (until, moved)
        }
    }

    /// Takes an outage.
    ///
    /// - Returns: What it means for the event, and what is to be kept when the breaker moved.
    func failed(
        _ target: String,
        _ reason: Reason,
        wait: Duration?,
        at now: Timestamp
    ) -> (failure: Breaker.Failure, moved: BreakerRecord?) {
        let draw = random.unit()
        let (failure, moved): (Breaker.Failure, BreakerRecord?) = breakers.withLock {
            guard $0[target] != nil || $0.count < configuration.targetCountMax else {
                return (.counts, nil)
            }
            var breaker = $0[target] ?? Breaker()
            let result = breaker.failed(reason, wait: wait, at: now, configuration, draw: draw)
            $0[target] = breaker
            return (result.failure, result.hasMoved ? breaker.record(of: target) : nil)
        }
        if let moved {
            show(moved)
            metrics.counter(
                "reelhook_breaker_openings_total",
                help: "How often a breaker opened, or stayed open after a probe.",
                labels: ["target": target]
            ).increment()
        }
        return (failure, moved)
    }

    /// Takes an answer of the target.
    ///
    /// - Returns: What is to be kept when the breaker moved.
    func answered(_ target: String, at now: Timestamp) -> BreakerRecord? {
        let moved = breakers.withLock { breakers -> BreakerRecord? in
            guard breakers[target]?.answered(at: now) ?? false else { return nil }
            return breakers[target]?.record(of: target)
        }
        if let moved { show(moved) }
        return moved
    }

    /// Remembers that the journal did not take where the breaker of a target stands.
    func noteUnkept(_ target: String) { unkept.withLock { _ = $0.insert(target) } }

    /// Where those breakers stand now, to be kept anew.
    func takeUnkept() -> [BreakerRecord] {
        let targets = unkept.withLock { unkept in
            defer { unkept = [] }
            return unkept.sorted()
        }
        return breakers.withLock { breakers in
            targets.compactMap { target in breakers[target]?.record(of: target) }
        }
    }

    private func show(_ record: BreakerRecord) {
        let value: Int64 =
            switch record.state {
            case .closed: 0
            case .halfOpen: 1
            case .open: 2
            }
        metrics.gauge(
            "reelhook_breaker_state",
            help: "Breakers: 0 closed, 1 being tried, 2 open.",
            labels: ["target": record.target]
        ).set(value)
    }
}
