import JournalConformance
import ReelEvents
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

/// A journal in memory under a clock that a test moves, and dispatchers on it.
struct DispatcherHarness {
    let time = ManualTime(now: Happened.start)
    let memory = InMemoryJournalDriver()
    let driver: FaultyDriver
    let journal: Journal
    let sink = InMemoryLogSink()
    let metrics = Metrics()
    let calls = CallLog()
    private let executor = SettlingExecutor()

    init() {
        driver = FaultyDriver(memory)
        journal = Journal(driver: driver)
    }

    func handler(
        _ body: @escaping @Sendable (Event, HandlerContext) async -> Outcome = { _, _ in .done() }
    ) -> ScriptedHandler {
        ScriptedHandler(calls, body)
    }

    func dispatcher(
        _ chains: [Chain],
        _ configuration: DispatcherConfiguration = DispatcherConfiguration(),
        seed: UInt64 = 1
    ) -> Dispatcher {
        Dispatcher(
            journal: journal,
            chains: chains,
            configuration: configuration,
            time: time,
            random: SeededRandomSource(seed: seed),
            logger: Logger(sink: sink, level: .debug, time: time, component: "test"),
            metrics: metrics,
            locate: { "/data/" + ($0.location ?? "") }
        )
    }

    @discardableResult
    func append(_ draft: EntryDraft) async throws -> Int64 {
        switch try await journal.append(draft) {
        case .appended(let sequence), .duplicateFact(let sequence, _),
            .contradiction(let sequence, _), .redelivery(let sequence):
            sequence
        }
    }

    func state(_ sequence: Int64) async throws -> EventState? {
        try await memory.entry(sequence)?.state
    }

    func steps(_ sequence: Int64) async throws -> [StepRecord] {
        try await memory.steps(of: [sequence])[sequence] ?? []
    }

    /// Runs dispatchers, does what a test wants meanwhile, and stops them.
    func running(
        _ dispatchers: [Dispatcher],
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let ended = Locked(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for dispatcher in dispatchers {
                group.addTask(executorPreference: executor) {
                    defer { ended.withLock { $0 += 1 } }
                    try await dispatcher.run()
                }
            }
            do {
                try await body()
            } catch {
                Issue.record(error)
            }
            group.cancelAll()
            // What a stopping dispatcher waits for is time, too.
            while ended.withLock({ $0 }) < dispatchers.count {
                await executor.settle()
                _ = time.advanceToNextSleeper()
            }
            try await group.waitForAll()
        }
    }

    /// Moves the clock on, from one sleeper to the next, until something is so.
    ///
    /// Before each move all that the dispatchers can do comes to its end.
    func until(
        _ what: Comment,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: @Sendable () async throws -> Bool
    ) async throws {
        for _ in 0..<5000 {
            try Task.checkCancellation()
            await executor.settle()
            if try await condition() { return }
            _ = time.advanceToNextSleeper()
        }
        Issue.record(what, sourceLocation: sourceLocation)
        throw NeverHappened()
    }

    struct NeverHappened: Error {}
}
