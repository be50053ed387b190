internal import ReelRuntime

/// Holds requests to a rate: each is given a moment, a burst of them at once.
///
/// The generic cell rate algorithm: one number says when the next request would be on time.
struct RequestPace {
    private let interval: Duration
    private let burst: Duration
    private var nextOnTime: Duration = .zero

    /// Takes requests a minute, at least 1, of which so many may come at once.
    init(requestsPerMinute: Int, burstCount: Int) {
        interval = .seconds(60) / max(requestsPerMinute, 1)
        burst = interval * (max(burstCount, 1) - 1)
    }

    /// Takes the next moment.
    ///
    /// - Returns: How long to wait for it; nil, with nothing taken, when that is longer than the
    ///   longest.
    mutating func take(at uptime: Duration, longest: Duration) -> Duration? {
        let onTime = max(nextOnTime, uptime)
        let wait = max(onTime - burst - uptime, .zero)
        guard wait <= longest else { return nil }
        nextOnTime = onTime + interval
        return wait
    }
}
