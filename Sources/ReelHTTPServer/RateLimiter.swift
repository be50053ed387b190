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
    private let seed: (UInt64, UInt64)
    private var buckets: [Bucket]

    init(_ limit: RateLimit, now: Deadline) {
        let token = Duration.nanoseconds(1_000_000_000 / max(1, limit.requestsPerSecond))
        interval = Deadline.Span(token)
        tolerance = Deadline.Span(token * (limit.burst - 1))
        var setCount = 1
        while setCount * Self.wayCount < limit.clientCountMax { setCount *= 2 }
        mask = UInt64(setCount - 1)
        seed = limit.seed
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
        let first = Int(hash(client) & mask) * Self.wayCount
        var least = first
        for index in first..<(first + Self.wayCount) {
            if buckets[index].client == client { return index }
            if buckets[index].full < buckets[least].full { least = index }
        }
        return least
    }

    /// SipHash-1-3 of eight bytes.
    private func hash(_ word: UInt64) -> UInt64 {
        var (a, b) = (seed.0 ^ 0x736F_6D65_7073_6575, seed.1 ^ 0x646F_7261_6E64_6F6D)
        var (c, d) = (seed.0 ^ 0x6C79_6765_6E65_7261, seed.1 ^ 0x7465_6462_7974_6573)
        func turned(_ word: UInt64, _ count: UInt64) -> UInt64 {
            word << count | word >> (64 - count)
        }
        func mix() {
            a &+= b
            b = turned(b, 13) ^ a
            a = turned(a, 32)
            c &+= d
            d = turned(d, 16) ^ c
            a &+= d
            d = turned(d, 21) ^ a
            c &+= b
            b = turned(b, 17) ^ c
            c = turned(c, 32)
        }
        let length: UInt64 = 8 << 56
        for block in [word, length] {
            d ^= block
            mix()
            a ^= block
        }
        c ^= 0xFF
        mix()
        mix()
        mix()
        return a ^ b ^ c ^ d
    }
}
