import ReelJournal
import ReelObservability
import ReelProviders
import ReelReconciler
import ReelRuntime
import ReelWebhooks
import TestSupport
import Testing

/// A provider, a journal in memory and a reconciler between them, under a clock a test moves.
struct ReconcilerHarness {
    static let start = Timestamp(secondsSinceEpoch: 1_795_251_600)

    let time = ManualTime(now: start)
    let driver = InMemoryJournalDriver()
    let journal: Journal
    let provider: ScriptedProvider
    let metrics = Metrics()
    let log = InMemoryLogSink()
    private let executor = SettlingExecutor()

    init() {
        journal = Journal(driver: driver)
        provider = ScriptedProvider(time: time)
    }

    func reconciler(
        _ configuration: ReconcilerConfiguration = ReconcilerConfiguration()
    ) -> Reconciler {
        Reconciler(
            journal: journal,
            providers: [provider],
            configuration: configuration,
            time: time,
            random: SeededRandomSource(seed: 3),
            logger: Logger(sink: log, level: .debug, time: time, component: "test"),
            metrics: metrics
        )
    }

    /// Tells of a video as `videos track` does, and lets the provider know it.
    func track(_ id: String) async throws {
        provider.set(id) { $0.createdAt = time.now() }
        let videoID = try #require(VideoID(id))
        try await journal.record(
            JobUpdate(provider: "openai", id: videoID, origin: .track, moment: time.now())
        )
    }

    func deliver(_ id: String, type: String = "video.completed") async throws {
        let body = #"{"id":"evt_\#(id)","type":"\#(type)","data":{"id":"\#(id)"}}"#
        let secret = try WebhookSecret(
            parsing: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        )
        let bytes = Array(body.utf8)
        let now = time.now()
        let delivery = try WebhookVerifier(source: "openai", secrets: [secret]).verify(
            fields: WebhookSigner(secrets: [secret])
                .headers(id: "wh_\(id)", at: now, body: bytes),
            body: bytes,
            receivedAt: now
        )
        _ = try await journal.append(EntryDraft(delivery: delivery, provider: "openai"))
    }

    func job(_ id: String) async throws -> VideoJob? {
        guard let id = VideoID(id) else { return nil }
        return try await driver.job(provider: "openai", id: id)
    }

    func entries(_ id: String) async throws -> [JournalEntry] {
        var query = EntryQuery()
        query.videoID = VideoID(id)
        query.order = .oldestFirst
        return try await driver.entries(query)
    }

    /// Runs a reconciler, does what a test wants meanwhile, and stops it.
    func running(
        _ reconciler: Reconciler,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: executor) { try await reconciler.run() }
            do {
                try await body()
            } catch {
                Issue.record(error)
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Lets what is under way come to an end.
    func settle() async {
        await time.waitForSleepers()
        await executor.settle()
    }

    /// Lets time pass, from one sleeper to the next.
    func pass(_ span: Duration) async {
        let end = time.uptime() + span
        while true {
            await settle()
            let rest = end - time.uptime()
            guard let next = time.timeToNextSleeper, next < rest else {
                time.advance(by: max(rest, .zero))
                return await executor.settle()
            }
            time.advance(by: next)
        }
    }

    /// Lets time pass until something is so.
    func until(
        _ what: Comment,
        within limit: Duration,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: @Sendable () async throws -> Bool
    ) async throws {
        let end = time.uptime() + limit
        while time.uptime() <= end {
            await settle()
            if try await condition() { return }
            _ = time.advanceToNextSleeper()
        }
        Issue.record(what, sourceLocation: sourceLocation)
    }
}
