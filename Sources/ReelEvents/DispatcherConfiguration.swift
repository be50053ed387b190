internal import ReelRuntime

/// The limits of a dispatcher; every value is held within its range.
package struct DispatcherConfiguration: Sendable, Hashable {
    /// The runs worked on at once, from 1 to 4096.
    package var concurrency: Int
    /// Of those the runs at one target, such as a provider, from 1 to all.
    package var targetConcurrency: Int
    /// The runs claimed in one transaction, from 1 to 4096.
    package var claimBatch: Int
    /// The verdicts recorded in one transaction.
    package var reportBatch: Int { claimBatch }
    /// The pending entries planned in one transaction, from 1 to 10,000.
    package var planBatch: Int
    /// How long a claim is good for without a heartbeat; at least a second.
    package var lease: Duration
    /// How long running handlers may go on after a stop, before they are cancelled.
    package var grace: Duration
    /// The longest time between two looks at the journal.
    package var safetyInterval: Duration
    /// The waits after a journal error: they double from the first to the longest.
    package var errorWaitFirst: Duration
    package var errorWaitLongest: Duration
    /// The bytes that a step may keep for its next attempt.
    package var checkpointByteCountMax: Int
    /// How long after its end a link is still tried when our own clock alone says that it is dead;
    /// zero takes the clock at its word.
    package var expiryGrace: Duration
    package var breakers: BreakerConfiguration

    /// Takes the limits; without a number for one target, it is half of them all.
    package init(
        concurrency: Int = 16,
        targetConcurrency: Int? = nil,
        claimBatch: Int = 256,
        planBatch: Int = 256,
        lease: Duration = .seconds(60),
        grace: Duration = .seconds(10),
        safetyInterval: Duration = .seconds(5),
        errorWaitFirst: Duration = .milliseconds(100),
        errorWaitLongest: Duration = .seconds(5),
        checkpointByteCountMax: Int = 65_536,
        expiryGrace: Duration = .seconds(3600),
        breakers: BreakerConfiguration = BreakerConfiguration()
    ) {
        self.concurrency = min(max(concurrency, 1), 4096)
        self.targetConcurrency = min(
            max(targetConcurrency ?? (self.concurrency + 1) / 2, 1),
            self.concurrency
        )
        self.claimBatch = min(max(claimBatch, 1), 4096)
        self.planBatch = min(max(planBatch, 1), 10_000)
        self.lease = max(lease, .seconds(1))
        self.grace = max(grace, .zero)
        self.safetyInterval = max(safetyInterval, .milliseconds(10))
        self.errorWaitFirst = max(errorWaitFirst, .milliseconds(1))
        self.errorWaitLongest = max(errorWaitLongest, self.errorWaitFirst)
        self.checkpointByteCountMax = max(checkpointByteCountMax, 0)
        self.expiryGrace = max(expiryGrace, .zero)
        self.breakers = breakers
    }

    /// How often leases are renewed: two heartbeats may fail before one ends.
    package var heartbeat: Duration { lease / 3 }

    /// The wait after the nth journal error in a row, counted from 1.
    package func errorWait(_ failures: Int) -> Duration {
        var wait = errorWaitFirst
        for _ in 1..<min(max(failures, 1), 40) where wait < errorWaitLongest { wait *= 2 }
        return min(wait, errorWaitLongest)
    }
}
