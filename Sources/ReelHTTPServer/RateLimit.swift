/// How many requests a client may make: a bucket of tokens that fills by and by.
package struct RateLimit: Sendable, Hashable {
    /// Tokens that come back each second.
    package var requestsPerSecond = 100
    /// Tokens that a client has at first, and the most it ever has.
    package var burst = 1000
    /// Clients that are told apart; rounded up to a power of two, at least 8.
    package var clientCountMax = 1 << 15
    /// Keys the places of the table, so that nobody can choose addresses that meet in one.
    package var seed: (UInt64, UInt64) { (firstSeed, secondSeed) }
    private let firstSeed: UInt64
    private let secondSeed: UInt64

    /// Takes the seed, 128 random bits that are not told to anybody.
    package init(seed: (UInt64, UInt64)) {
        (firstSeed, secondSeed) = seed
    }
}
