import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import Reelhook

/// What is deleted from a journal, and when.
struct JournalUpkeepTests {
    private let time = ManualTime()
    private let sink = InMemoryLogSink()
    private let metrics = Metrics()
    private let journal = Journal(driver: InMemoryJournalDriver())

    private func upkeep(_ change: (inout RetentionSettings) -> Void = { _ in }) -> JournalUpkeep {
        var retention = RetentionSettings()
        change(&retention)
        return JournalUpkeep(
            journal: journal,
            retention: retention,
            clock: .trustful(journal, time),
            time: time,
            logger: Logger(sink: sink, level: .debug, time: time, component: "upkeep"),
            metrics: metrics
        )
    }

    /// Appends what a video came to, which nobody takes.
    private func append(_ video: String) async throws {
        let now = time.now()
        let id = try #require(VideoID(video))
        var draft = EntryDraft(
            observation: Observation(
                fact: Fact(provider: "openai", videoID: id, terminal: .completed),
                occurredAt: now,
                observedAt: now
            )
        )
        draft.plan = .unhandled(Reason("no_chain"))
        _ = try await journal.driver.append(draft)
    }

    private func advance(days: Int) { time.advance(by: .seconds(days * 86_400)) }

    private var deleted: [String: Int64] {
        var counts: [String: Int64] = [:]
        for what in ["events", "videos", "replays"] {
            let counter = metrics.counter(
                "reelhook_retention_deleted_total",
                help: "",
                labels: ["what": what]
            )
            counts[what] = counter.value
        }
        return counts
    }

    @Test
    func `each state goes when its own time is over, and videos after their events`() async throws {
        try await append("video_1")
        advance(days: 29)
        try await append("video_2")
        #expect(try await upkeep().round())
        #expect(try await journal.driver.count(EntryQuery()) == 2)
        #expect(sink.messages.isEmpty)

        advance(days: 2)
        #expect(try await upkeep().round())
        #expect(try await journal.driver.entries(EntryQuery()).map(\.sequence) == [2])
        #expect(try await journal.driver.jobs(JobQuery()).count == 2)
        #expect(deleted == ["events": 1, "videos": 0, "replays": 0])
        #expect(sink.messages == ["what was old has been deleted from the journal"])

        advance(days: 730)
        #expect(try await upkeep().round())
        #expect(try await journal.driver.jobs(JobQuery()).isEmpty)
        #expect(deleted == ["events": 2, "videos": 2, "replays": 0])
    }

    @Test
    func `a walk of many pieces rests between them`() async throws {
        for index in 1...200 { try await append("video_\(index)") }
        advance(days: 10)
        let upkeep = upkeep { $0[.unhandled] = .seconds(4 * 86_400) }
        let isOver = Locked(false)
        async let isWhole = {
            defer { isOver.withLock { $0 = true } }
            return try await upkeep.round()
        }()
        var restCount = 0
        while !isOver.withLock({ $0 }) {
            await Task.yield()
            if time.advanceToNextSleeper() { restCount += 1 }
        }
        #expect(try await isWhole)
        #expect(restCount >= 2)
        #expect(deleted["events"] == 200)
    }

    @Test
    func `a piece that took long is followed by a smaller one and a longer rest`() {
        var pace = Pace()
        #expect(pace.rest(after: .zero, isHeldUp: false) == .milliseconds(1))
        #expect(pace.limit == 128)
        #expect(pace.rest(after: .milliseconds(5), isHeldUp: false) == .milliseconds(45))
        #expect(pace.limit == 128)
        #expect(pace.rest(after: .milliseconds(20), isHeldUp: false) == .milliseconds(180))
        #expect(pace.limit == 64)
        for _ in 0..<20 {
            // It is to come to an end also on a machine that has no time for it.
            #expect(pace.rest(after: .seconds(1), isHeldUp: false) == .milliseconds(250))
        }
        #expect(pace.limit == 32)
        #expect(pace.rest(after: .zero, isHeldUp: true) == .milliseconds(250))
        #expect(pace.limit == 32)
        for _ in 0..<20 { _ = pace.rest(after: .zero, isHeldUp: false) }
        #expect(pace.limit == 512)
    }

    @Test
    func `a journal that cannot be read is tried again, and one that is closed ends it`()
        async throws
    {
        await journal.driver.close()
        await #expect(throws: JournalError.closed) { try await upkeep().round() }
    }
}
