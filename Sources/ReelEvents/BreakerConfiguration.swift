/// When a breaker opens, how often it is tried, and how long an event waits behind it.
package struct BreakerConfiguration: Sendable, Hashable {
    /// The outages in a row that open a breaker, from 1 to 1000.
    package var failureCountMax: Int
    /// The time between two probes, drawn anew each time from half of it to all of it.
    package var probeInterval: Duration
    /// The longest wait that a target may ask for by itself.
    package var longestWait: Duration
    /// How old an event may become behind a breaker; after that its attempts count.
    package var patience: Duration
    /// The targets that are told apart; what comes beyond has no breaker.
    package var targetCountMax: Int

    package init(
        failureCountMax: Int = 5,
        probeInterval: Duration = .seconds(15),
        longestWait: Duration = .seconds(3600),
        patience: Duration = .seconds(72 * 3600),
        targetCountMax: Int = 1000
    ) {
        self.failureCountMax = min(max(failureCountMax, 1), 1000)
        self.probeInterval = max(probeInterval, .milliseconds(10))
        self.longestWait = max(longestWait, .zero)
        self.patience = max(patience, .zero)
        self.targetCountMax = max(targetCountMax, 0)
    }
}
