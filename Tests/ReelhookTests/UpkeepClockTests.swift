import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import Reelhook

/// When the clock on the wall is trusted with what is old.
struct UpkeepClockTests {
    private let time = ManualTime()
    private let sink = InMemoryLogSink()
    private let metrics = Metrics()
    private let driver = InMemoryJournalDriver()

    private func clock() -> UpkeepClock {
        UpkeepClock(
            driver: driver,
            time: time,
            logger: Logger(sink: sink, level: .debug, time: time, component: "upkeep"),
            metrics: metrics
        )
    }

    private var isDoubted: Int64 {
        metrics.gauge("reelhook_retention_clock_doubted", help: "").value
    }

    @Test func `a clock that goes as clocks do is trusted, also after a day's rest`() async throws {
        let clock = clock()
        #expect(try await clock.now() == time.now())
        for step in [60, 3_600, 86_400] {
            time.advance(by: .seconds(step))
            #expect(try await clock.now() == time.now())
            #expect(try await driver.lastUpkeep() == time.now())
        }
        #expect(sink.messages.isEmpty)
    }

    @Test func `a clock that has jumped is doubted until it stood for six hours`() async throws {
        let clock = clock()
        let before = try await clock.now()
        time.setWall(to: time.now() + .seconds(400 * 86_400))
        #expect(try await clock.now() == before && isDoubted == 1)
        time.advance(by: .seconds(6 * 3_600 - 1))
        #expect(try await clock.now() == before)
        #expect(try await driver.lastUpkeep() == before)
        #expect(sink.messages.count == 1, "it is said once")
        time.advance(by: .seconds(1))
        #expect(try await clock.now() == time.now() && isDoubted == 0)
        #expect(try await driver.lastUpkeep() == time.now())
    }

    @Test func `a clock that was set right in the meantime was never trusted`() async throws {
        let clock = clock()
        _ = try await clock.now()
        time.setWall(to: time.now() + .seconds(400 * 86_400))
        _ = try await clock.now()
        time.advance(by: .seconds(3_600))
        time.setWall(to: time.now() + .seconds(-400 * 86_400))
        #expect(try await clock.now() == time.now() && isDoubted == 0)
        // The next doubt begins anew.
        time.setWall(to: time.now() + .seconds(2 * 86_400))
        time.advance(by: .seconds(5 * 3_600))
        let doubted = try await clock.now()
        #expect(doubted < time.now())
        time.advance(by: .seconds(2 * 3_600))
        #expect(try await clock.now() == doubted)
    }

    @Test func `a process that starts doubts for as long, whatever the one before did`()
        async throws
    {
        let before = try await clock().now()
        time.advance(by: .seconds(3 * 86_400))
        #expect(try await clock().now() == before)
        time.advance(by: .seconds(7 * 3_600))
        #expect(try await clock().now() == before)
    }

    @Test func `a clock that was behind is trusted with less`() async throws {
        let clock = clock()
        _ = try await clock.now()
        time.setWall(to: time.now() + .seconds(-3 * 86_400))
        #expect(try await clock.now() == time.now())
        #expect(try await driver.lastUpkeep() == time.now())
    }
}
