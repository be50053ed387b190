package import ReelEvents

extension RetryPolicy {
    /// The schedule of the Standard Webhooks guide: at once, then after 5 s, 5 min, 30 min, 2 h,
    /// 5 h, 10 h, 14 h, 20 h and 24 h.
    ///
    /// With it a receiver that refuses an event for three days is still told of it.
    package static let standardWebhooks: RetryPolicy = {
        let waits: [Int64] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
        return RetryPolicy(
            attempts: waits.count + 1,
            base: .seconds(2),
            cap: .seconds(3600),
            longestWait: .seconds(27 * 3600),
            schedule: waits.map { .seconds($0) }
        )
    }()
}
