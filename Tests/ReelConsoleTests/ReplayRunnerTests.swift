import ReelEvents
import ReelJSON
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelConsole

struct ReplayRunnerTests {
    private let time = ManualTime()
    private let bell = Doorbell()
    private let journal = Journal(driver: InMemoryJournalDriver())

    private var runner: ReplayRunner {
        let logger = Logger(
            sink: InMemoryLogSink(),
            level: .error,
            time: time,
            component: "test"
        )
        return ReplayRunner(journal, bell, logger, time)
    }

    /// Appends what a provider was seen to say.
    private func append(_ terminal: TerminalState, of video: String) async throws {
        let id = try #require(VideoID(video))
        let fact = Fact(provider: "openai", videoID: id, terminal: terminal)
        let seen = Observation(fact: fact, occurredAt: time.now(), observedAt: time.now())
        _ = try await journal.append(EntryDraft(observation: seen))
    }

    private func begin(_ query: EntryQuery, rate: Int) async throws -> Int64 {
        let driver = journal.driver
        let query = try await query.settled(driver)
        let job = ReplayJob(
            filter: String(decoding: query.json.serialized(), as: UTF8.self),
            rate: rate,
            lastSequence: try await driver.lastSequence(),
            matchedCount: try await query.replayCount(driver),
            createdAt: time.now(),
            updatedAt: time.now()
        )
        return try await driver.begin(job).number
    }

    /// What was replayed, in order.
    private func replayed() async throws -> [Int64] {
        var query = EntryQuery()
        (query.origin, query.order) = (.replay, .oldestFirst)
        return try await journal.driver.entries(query).compactMap(\.relatedSequence)
    }

    private func waitUntil(_ number: Int64, has count: Int64) async throws {
        let wakeUps = journal.wakeUps()
        journal.wake()
        for await _ in wakeUps {
            if try await journal.driver.replay(number)?.replayedCount == count { return }
        }
    }

    @Test(arguments: [
        // Told of three times and contradicted: the first is what counts.
        ("video", [1]), ("all", [1, 5]), ("duplicates", [2, 3]), ("named", [3, 4]),
        ("type", [4]),
    ])
    func `a replay tells of each fact once, unless more is named`(
        _ filter: String,
        _ expected: [Int64]
    ) async throws {
        for _ in 0..<3 { try await append(.completed, of: "video_1") }
        try await append(.failed, of: "video_1")
        try await append(.completed, of: "video_2")
        var query = EntryQuery()
        switch filter {
        case "video": query.videoID = VideoID("video_1")
        case "duplicates": query.states = [.duplicate]
        case "named": query.sequences = [3, 4]
        case "type": (query.types, query.states) = (["video.failed"], [.contradicted])
        default: break
        }
        #expect(try await query.replayCount(journal.driver) == Int64(expected.count))
        let number = try await begin(query, rate: 10_000_000)
        try await runner.finish(number)
        #expect(try await replayed() == expected)
        #expect(try await journal.driver.replay(number)?.state == .done)
        #expect(try await journal.driver.replay(number)?.replayedCount == Int64(expected.count))
        // What was replayed is not replayed again.
        #expect(try await query.replayCount(journal.driver) == Int64(expected.count))
    }

    @Test func `the id of a repetition names it, and that of a fact only the fact`() async throws {
        for _ in 0..<2 { try await append(.completed, of: "video_1") }
        let entries = try await journal.driver.entries(EntryQuery())
        var query = EntryQuery()
        query.eventID = try #require(entries.last?.eventID)
        let isShared = entries.first?.eventID == query.eventID
        let fact = try await query.settled(journal.driver)
        #expect(
            fact.states?.contains(.duplicate) == false && fact.states?.contains(.pending) == true
        )
        #expect(try await fact.replayCount(journal.driver) == 1)
        guard !isShared else { return }
        query.eventID = entries.first?.eventID
        let repetition = try await query.settled(journal.driver)
        #expect(repetition.states == [.duplicate, .contradicted])
        #expect(try await repetition.replayCount(journal.driver) == 1)
    }

    @Test func `replays go on side by side, each at its own rate`() async throws {
        for index in 1...3 { try await append(.completed, of: "video_\(index)") }
        let slow = try await begin(EntryQuery(), rate: 10)
        let runner = runner
        let task = Task { try await runner.run() }
        try await waitUntil(slow, has: 1)
        await time.waitForSleepers()
        var named = EntryQuery()
        named.sequences = [3]
        let quick = try await begin(named, rate: 100_000)
        bell.ring()
        try await waitUntil(quick, has: 1)
        #expect(try await journal.driver.replay(quick)?.state == .done)
        await time.waitForSleepers()
        #expect(try await replayed() == [1, 3])
        // A stop and a continuation do not hasten the slow one.
        for state in [ReplayState.stopped, .running] {
            #expect(try await journal.driver.move(slow, to: state, at: time.now()))
        }
        time.advance(by: .seconds(60))
        await time.waitForSleepers()
        #expect(try await replayed() == [1, 3])
        time.advance(by: .seconds(40))
        try await waitUntil(slow, has: 2)
        #expect(try await replayed() == [1, 3, 2])
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `an unhandled event is replayed by its time`() async throws {
        for index in 1...2 {
            try await append(.failed, of: "video_\(index)")
            try await journal.driver.plan([(Int64(index), .unhandled(Reason("no_chain")))])
            time.advance(by: .seconds(60))
        }
        var query = EntryQuery()
        query.receivedFrom = time.now() - .seconds(70)
        #expect(try await query.replayCount(journal.driver) == 1)
        try await runner.finish(try await begin(query, rate: 100_000))
        #expect(try await replayed() == [2])
        #expect(try await journal.driver.entry(3)?.state == .pending)
    }
}
