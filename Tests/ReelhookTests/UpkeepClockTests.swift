import JournalConformance
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
    private let driver = FaultyDriver(InMemoryJournalDriver())

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

    private var day: Duration { .seconds(86_400) }

    private func jump(_ span: Duration) { time.setWall(to: time.now() + span) }

    @Test func `a clock that goes as clocks do is trusted, also after a day's rest`() async throws {
        let clock = clock()
        #expect(try await clock.now() == time.now())
        for step in [60, 3_600, 86_400] {
            time.advance(by: .seconds(step))
            #expect(try await clock.now() == time.now())
        }
        jump(day * -3)
        #expect(try await clock.now() == time.now(), "one that was ahead is trusted with less")
        #expect(sink.messages.isEmpty)
    }

    @Test func `a clock that has jumped is doubted until it stood for six hours`() async throws {
        let clock = clock()
        let before = try await clock.now()
        jump(day * 400)
        #expect(try await clock.now() == before && isDoubted == 1)
        for _ in 0..<5 {
            time.advance(by: .seconds(3_600))
            #expect(try await clock.now() == before)
        }
        jump(.seconds(-30))
        #expect(try await clock.now() == before)
        // Time in which nobody looked counts for nothing.
        time.advance(by: .seconds(10 * 3_600))
        #expect(try await clock.now() == before)
        time.advance(by: .seconds(3_599))
        #expect(try await clock.now() == before)
        #expect(sink.messages.count == 1, "it is said once")
        time.advance(by: .seconds(1))
        #expect(try await clock.now() == time.now() && isDoubted == 0)
        time.advance(by: .seconds(60))
        #expect(try await clock.now() == time.now())
    }

    @Test func `a clock that was set right in the meantime was never trusted`() async throws {
        let clock = clock()
        _ = try await clock.now()
        jump(day * 400)
        _ = try await clock.now()
        time.advance(by: .seconds(3_600))
        jump(day * -400)
        #expect(try await clock.now() == time.now() && isDoubted == 0)
        // The next doubt begins anew, and one that is set to another wrong time is no better.
        jump(day * 400)
        let doubted = try await clock.now()
        for _ in 0..<5 {
            time.advance(by: .seconds(3_600))
            #expect(try await clock.now() == doubted)
        }
        for days in [-398, 5, -2] {
            jump(day * days)
            #expect(try await clock.now() == doubted)
        }
        time.advance(by: .seconds(3_600))
        #expect(try await clock.now() == time.now())
    }

    @Test func `a journal that cannot keep how the clock was found makes nothing older`()
        async throws
    {
        let clock = clock()
        driver.refuse { $0 == "recordClock" ? .full : nil }
        await #expect(throws: JournalError.full) { try await clock.now() }
        driver.refuse { _ in nil }
        let before = try await clock.now()
        driver.refuse { $0 == "recordClock" ? .full : nil }
        time.advance(by: .seconds(3_600))
        #expect(try await clock.now() == before)
        driver.refuse { $0 == "recordClock" ? .closed : nil }
        await #expect(throws: JournalError.closed) { try await clock.now() }
        driver.refuse { _ in nil }
        #expect(try await clock.now() == time.now())
    }

    @Test func `a journal older than what is kept of the clock is no reason to trust it`()
        async throws
    {
        let id = try #require(VideoID("video_1"))
        let old = time.now()
        let fact = Fact(provider: "openai", videoID: id, terminal: .completed)
        let observation = Observation(fact: fact, occurredAt: old, observedAt: old)
        _ = try await driver.append(EntryDraft(observation: observation))
        jump(day * 400)
        #expect(try await clock().now() == old && isDoubted == 1)
    }

    @Test func `a service that is restarted every hour comes to trust its clock, too`()
        async throws
    {
        let before = try await clock().now()
        jump(day * 3)
        for count in 0..<6 {
            #expect(try await clock().now() == before)
            #expect(sink.messages.count == count + 1, "each process says it")
            time.advance(by: .seconds(3_600))
        }
        #expect(try await clock().now() == time.now())
    }
}
