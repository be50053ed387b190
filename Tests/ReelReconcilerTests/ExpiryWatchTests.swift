import ReelEvents
import ReelJournal
import ReelObservability
import ReelReconciler
import ReelRuntime
import TestSupport
import Testing

struct ExpiryWatchTests {
    private let harness = ReconcilerHarness()

    private func watch(_ span: Duration = .seconds(600)) -> ExpiryWatch {
        ExpiryWatch(
            journal: harness.journal,
            span: span,
            time: harness.time,
            logger: Logger(
                sink: harness.log,
                level: .debug,
                time: harness.time,
                component: "test"
            ),
            metrics: harness.metrics
        )
    }

    /// A video that was told of, and whose link dies after that span.
    private func deliver(_ id: String, livesFor span: Duration?) async throws {
        try await harness.deliver(id)
        guard let span, let videoID = VideoID(id) else { return }
        var update = JobUpdate(
            provider: "openai",
            id: videoID,
            origin: .event,
            moment: harness.time.now()
        )
        update.state = .completed
        update.expiresAt = harness.time.now() + span
        try await harness.journal.record(update)
    }

    private func record(_ id: String, _ state: AssetState) async throws {
        let videoID = try #require(VideoID(id))
        try await harness.driver.bring(
            AssetRecord(
                provider: "openai",
                videoID: videoID,
                variant: "video",
                state: state,
                updatedAt: harness.time.now()
            )
        )
    }

    @Test func `a video is warned of once, before its link dies`() async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: .seconds(3600))
        try await watch.look()
        #expect(watch.alarms.isEmpty)
        harness.time.advance(by: .seconds(2999))
        try await watch.look()
        #expect(watch.alarms.isEmpty)
        harness.time.advance(by: .seconds(1))
        try await watch.look()
        try await watch.look()
        #expect(watch.alarms.map(\.videoID.rawValue) == ["video_1"])
        let lines = harness.log.records.filter { $0.level == .error }
        #expect(lines.map(\.message) == ["a link dies soon and its video is not here"])
        let text = harness.metrics.prometheusText()
        #expect(text.contains("reelhook_videos_expiring 1"))
        #expect(text.contains("reelhook_expiry_alarms_total 1"))
    }

    @Test func `the soonest to expire comes first`() async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: .seconds(500))
        try await deliver("video_3", livesFor: .seconds(3))
        try await watch.look()
        #expect(watch.alarms.map(\.videoID.rawValue) == ["video_3", "video_1"])
        #expect(watch.alarms.allSatisfy { !$0.isPresumed && !$0.isGivenUp })
    }

    @Test func `a link that nobody could ask about is presumed to live for an hour`() async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: nil)
        harness.time.advance(by: .seconds(2999))
        try await watch.look()
        #expect(watch.alarms.isEmpty)
        harness.time.advance(by: .seconds(1))
        try await watch.look()
        let alarm = try #require(watch.alarms.first)
        #expect(alarm.isPresumed)
        #expect(alarm.expiresAt == harness.time.now() + .seconds(600))
        // What the provider says then counts.
        try await deliver("video_1", livesFor: .seconds(80_000))
        try await watch.look()
        #expect(watch.alarms.isEmpty)
    }

    /// Gives up the only step of an event's only chain.
    private func giveUp(_ sequence: Int64, _ step: String = "fetch") async throws {
        let plan = RunPlan(chain: "files", steps: [step])
        try await harness.driver.plan([(sequence: sequence, plan: .runs([plan]))])
        let now = harness.time.now()
        let lease = now + .seconds(60)
        let claims = try await harness.driver.claim(
            ClaimRequest(owner: "test", now: now, leaseUntil: lease, limit: 1)
        )
        _ = try await harness.driver.settle(
            try #require(claims.first),
            .dead(Reason("provider_refused")),
            startedAt: now,
            endedAt: now,
            leaseUntil: lease
        )
    }

    @Test func `a dead letter whose link lives is warned of at once, until it dies`() async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: .seconds(3600))
        try await watch.look()
        #expect(watch.alarms.isEmpty)
        try await giveUp(1)
        try await watch.look()
        try await watch.look()
        let alarm = try #require(watch.alarms.first)
        #expect(alarm.isGivenUp)
        #expect(alarm.reason?.code == "provider_refused")
        let lines = harness.log.records.filter { $0.level == .error }.map(\.message)
        #expect(lines == ["an event is given up whose video could still be fetched"])
        harness.time.advance(by: .seconds(3600))
        try await watch.look()
        #expect(watch.alarms.isEmpty)
    }

    @Test(arguments: [AssetState.fetched, .stored, .lost])
    func `a dead letter whose file is here, or known to be lost, is no alarm`(
        _ state: AssetState
    ) async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: .seconds(3600))
        try await giveUp(1)
        try await record("video_1", state)
        try await watch.look()
        #expect(watch.alarms.isEmpty)
    }

    @Test func `of a chain that needs no link nobody is warned`() async throws {
        let watch = watch()
        let step = Step("tell", Teller())
        watch.follow([Chain("files", on: [.videoCompleted], steps: [step])])
        try await deliver("video_1", livesFor: .seconds(60))
        try await giveUp(1, "tell")
        try await watch.look()
        #expect(watch.alarms.isEmpty)
        try await deliver("video_2", livesFor: .seconds(60))
        try await giveUp(2, "fetch")
        try await watch.look()
        #expect(watch.alarms.count == 1)
    }

    private struct Teller: Handler {
        func handle(_ event: Event, _ context: HandlerContext) async -> Outcome { .done() }
    }

    @Test(arguments: [AssetState.fetched, .stored, .lost, .absent])
    func `a file that is here, or known to be lost, is no alarm`(_ state: AssetState) async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: .seconds(60))
        try await record("video_1", .partial)
        try await watch.look()
        #expect(watch.alarms.count == 1)
        try await record("video_1", state)
        try await watch.look()
        #expect(watch.alarms.isEmpty)
        #expect(harness.metrics.prometheusText().contains("reelhook_videos_expiring 0"))
    }

    @Test func `a link that becomes known later is seen`() async throws {
        let watch = watch()
        try await deliver("video_1", livesFor: nil)
        try await watch.look()
        try await deliver("video_1", livesFor: .seconds(60))
        try await watch.look()
        #expect(watch.alarms.count == 1)
    }
}
