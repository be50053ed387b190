internal import ReelSystem

/// How fast the content of one request comes: by when more of it has to.
///
/// The deadline is worked out from all bytes so far, so that nothing is lost to rounding however
/// small the pieces are.
struct BodyPace {
    /// When content is too slow if no more of it comes.
    private(set) var deadline: Deadline
    private let graceEnd: Deadline
    private let bytesPerSecond: Int
    private var byteCount = 0

    /// Content that may come as slowly as it likes until a moment, and then at that rate on
    /// average.
    init(bytesPerSecond: Int, graceEnd: Deadline) {
        self.bytesPerSecond = bytesPerSecond
        self.graceEnd = graceEnd
        deadline = graceEnd
    }

    /// Counts bytes that have come.
    mutating func received(_ count: Int) {
        byteCount += count
        let (seconds, rest) = byteCount.quotientAndRemainder(dividingBy: bytesPerSecond)
        // The rest is less than the rate, which the configuration keeps far below 2^33.
        let earned =
            Duration.seconds(seconds)
            + .nanoseconds(Int64(rest) * 1_000_000_000 / Int64(bytesPerSecond))
        deadline = graceEnd.advanced(by: Deadline.Span(earned))
    }
}
