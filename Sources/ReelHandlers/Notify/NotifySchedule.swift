internal import ReelRuntime

/// The waits between attempts to notify: those that the Standard Webhooks guide gives.
///
/// With them a receiver that is down for three days is still told. A random part of up to a tenth
/// is added, so that what failed together does not come back together.
package struct NotifySchedule: Sendable, Hashable {
    package let waits: [Duration]

    package init(waits: [Duration]) {
        self.waits = waits
    }

    /// At once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h.
    package static let standard = NotifySchedule(waits: [
        .seconds(5), .seconds(300), .seconds(1800), .seconds(7200), .seconds(18_000),
        .seconds(36_000), .seconds(50_400), .seconds(72_000), .seconds(86_400),
    ])

    /// Attempts in all, the first included.
    package var attemptCount: Int { waits.count + 1 }

    /// The wait after an attempt, counted from 1.
    func wait(after attempt: Int, _ random: any RandomSource) -> Duration? {
        guard let wait = waits.dropFirst(max(attempt, 1) - 1).first else { return nil }
        let extra = Double(wait.wholeMilliseconds) * 0.1 * random.unit()
        return wait + .milliseconds(Int64(extra))
    }
}
