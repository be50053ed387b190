package import ReelRuntime

/// By which moment the dispatchers of a journal give leases and take them over.
///
/// A lease is stored as a moment of wall time, which may jump over its end while its owner lives.
/// Only the lowest clock of the last while counts for what is over: a lease that was given by it
/// lasts as long as it was given for, whatever the wall clock does. So all dispatchers of a process
/// share one of these. For a while after a jump forward what is due by time waits, no longer than
/// two leases; what has just come does not.
package final class LeaseClock: Sendable {
    /// What the clocks said, for one call of the journal.
    package struct Reading: Sendable, Hashable {
        /// What is not after this is due, and a lease that ends by then is over.
        package let dueBy: Timestamp
        /// The end of a lease that begins now.
        package let leaseUntil: Timestamp
    }

    /// How far wall time stood above monotonic time, at the least, in this span and in the last.
    private struct State {
        var lowest: Duration
        var lowestBefore: Duration
        var spanEnd: Duration
    }

    /// How far the clocks may part before it counts; every lease is stored longer by this than
    /// its owner has it.
    private static let slack: Duration = .milliseconds(20)

    private let state = Locked<State?>(nil)

    package init() {}

    /// Reads the clocks for leases of a length.
    package func read(_ time: any TimeSource, lease: Duration) -> Reading {
        let uptime = time.uptime()
        let wall = time.now()
        let epoch = Timestamp(millisecondsSinceEpoch: 0)
        let height = wall - epoch - uptime
        let lowest = state.withLock { state in
            var next =
                state
                ?? State(lowest: height, lowestBefore: height, spanEnd: uptime + lease)
            if uptime >= next.spanEnd {
                // However long nobody has looked: a lease may have been given just before now.
                next.lowestBefore = next.lowest
                next.lowest = height
                next.spanEnd = uptime + lease
            }
            next.lowest = min(next.lowest, height)
            state = next
            return min(next.lowest, next.lowestBefore)
        }
        return Reading(
            dueBy: height - lowest > Self.slack ? epoch + (uptime + lowest) : wall,
            leaseUntil: wall + (lease + Self.slack)
        )
    }
}
