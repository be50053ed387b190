internal import ReelRuntime
internal import ReelSystem

/// The buckets of all clients in a table of fixed size; does no I/O.
///
/// A bucket is the moment at which it will be full again, which says all there is to say: a request
/// moves it by the time that one token takes, and is refused where that would go further ahead
/// than the burst. A client has one of eight places, which a keyed hash of its address chooses.
/// With all eight taken a newcomer gets the one that is nearest to full, debt included, so that
/// coming under many addresses buys nothing.
struct RateLimiter {
    private struct Bucket {
        var client: UInt64
        var full: Deadline
    }

    private static let wayCount = 8

    private let interval: Deadline.Span
    private let tolerance: Deadline.Span
    private let mask: UInt64
    private let hash: KeyedHash
    private var buckets: [Bucket]

    init(_ limit: RateLimit, now: Deadline) {
        let token = Duration.nanoseconds(1_000_000_000 / max(1, limit.requestsPerSecond))
        interval = Deadline.Span(token)
        tolerance = Deadline.Span(token * (limit.burst - 1))
        var setCount = 1
        while setCount * Self.wayCount < limit.clientCountMax { setCount *= 2 }
        mask = UInt64(setCount - 1)
        hash = KeyedHash(limit.seed.0, limit.seed.1)
        buckets = Array(
            repeating: Bucket(client: 0, full: now),
            count: setCount * Self.wayCount
        )
    }

    /// Takes a token; false when there is none, which costs the client nothing.
    mutating func allows(_ client: ClientKey, at now: Deadline) -> Bool {
        let index = place(of: client.number)
        let start = max(buckets[index].full, now)
        buckets[index].client = client.number
        guard start <= now.advanced(by: tolerance) else { return false }
        buckets[index].full = start.advanced(by: interval)
        return true
    }

    /// The client's own place, or the one nearest to full.
    private func place(of client: UInt64) -> Int {
        let first = Int(hash.of(client) & mask) * Self.wayCount
        var least = first
        for index in first..<(first + Self.wayCount) {
            if buckets[index].client == client { return index }
            if buckets[index].full < buckets[least].full { least = index }
        }
        return least
    }
}
