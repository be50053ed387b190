import ReelJournal
import ReelObservability
import TestSupport

@testable import Reelhook

extension UpkeepClock {
    /// One that trusts whatever a test sets its time to.
    static func trustful(_ journal: Journal, _ time: ManualTime) -> UpkeepClock {
        UpkeepClock(
            driver: journal.driver,
            time: time,
            logger: Logger(
                sink: InMemoryLogSink(),
                level: .debug,
                time: time,
                component: "upkeep"
            ),
            metrics: Metrics(),
            jumpMax: .seconds(36_525 * 86_400)
        )
    }
}
