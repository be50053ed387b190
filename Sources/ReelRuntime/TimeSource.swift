internal import Glibc

/// Wall time, monotonic time and waiting, as one object that is handed in.
///
/// The two clocks are read together on purpose: a wall clock may jump, so a span that matters
/// (a timeout, a lease, a backoff) is measured with `uptime` and a moment that is shown, compared
/// with a signature or stored is read from `now`.
package protocol TimeSource: Sendable {
    /// The present moment of wall time.
    func now() -> Timestamp
    /// The time since some fixed moment before; never goes back.
    func uptime() -> Duration
    /// Waits for a span of monotonic time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before the span is over.
    func sleep(for span: Duration) async throws
}

/// The clocks of the machine.
package struct SystemTimeSource: TimeSource {
    private let start: ContinuousClock.Instant

    package init() {
        start = ContinuousClock().now
    }

    package func now() -> Timestamp {
        var clock = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &clock)
        return Timestamp(
            millisecondsSinceEpoch: Int64(clock.tv_sec) * 1000 + Int64(clock.tv_nsec) / 1_000_000
        )
    }

    package func uptime() -> Duration {
        start.duration(to: ContinuousClock().now)
    }

    package func sleep(for span: Duration) async throws {
        try await Task.sleep(for: span, clock: .continuous)
    }
}
