package import ReelRuntime

/// When a job is asked about next: pure arithmetic; every value is held within its range.
///
/// A wait is shortened by a random part and never lengthened, so the spans here are the longest.
package struct PollSchedule: Sendable, Hashable {
    /// The waits before the first polls of a new job.
    package var first: [Duration]
    /// The wait before every later poll.
    package var steady: Duration
    /// The wait while webhooks are known to arrive: the longest that a missed one goes unnoticed,
    /// short of the poll's own time.
    package var whileWebhooksArrive: Duration
    /// The longest wait that a server may ask for with an answer.
    package var longestWish: Duration
    /// The part of a wait that randomness may take off, from 0 to 0.5.
    package var jitter: Double

    package init(
        first: [Duration] = [.seconds(2), .seconds(4), .seconds(8)],
        steady: Duration = .seconds(10),
        whileWebhooksArrive: Duration = .seconds(25),
        longestWish: Duration = .seconds(25),
        jitter: Double = 0.1
    ) {
        let shortest = Duration.milliseconds(100)
        self.first = first.prefix(64).map { max($0, shortest) }
        self.steady = max(steady, shortest)
        self.whileWebhooksArrive = max(whileWebhooksArrive, shortest)
        self.longestWish = max(longestWish, .zero)
        self.jitter = min(max(jitter, 0), 0.5)
    }

    /// The wait before the poll that follows `polls` others.
    ///
    /// What the server wished with its last answer is the least, held to the longest wish.
    package func wait(
        afterPolls polls: Int,
        webhooksArrive: Bool,
        wish: Duration?,
        _ random: any RandomSource
    ) -> Duration {
        let planned =
            if webhooksArrive {
                whileWebhooksArrive
            } else {
                polls < first.count ? first[max(polls, 0)] : steady
            }
        let shortened = shortened(planned, random)
        guard let wish else { return shortened }
        return max(shortened, min(wish, longestWish))
    }

    /// How many of the first polls a job of some age would have had.
    package func polls(atAge age: Duration) -> Int {
        var passed = Duration.zero
        for (index, wait) in first.enumerated() {
            passed += wait
            if passed > age { return index }
        }
        return first.count
    }

    /// The wait without its random part.
    func shortened(_ wait: Duration, _ random: any RandomSource) -> Duration {
        let part = Double(wait.wholeMilliseconds) * jitter * random.unit()
        return wait - .milliseconds(Int64(part))
    }
}
