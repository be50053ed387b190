import ReelJournal
import ReelObservability
import ReelProviders
import ReelReconciler
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SweepTests {
    private let harness = ReconcilerHarness()
    private let now = ReconcilerHarness.start

    @Test func `videos that nobody told of are found over all pages`() async throws {
        for number in 1...250 {
            harness.provider.set("v\(number)") {
                $0.createdAt = now - .seconds(300 - number)
                $0.status = number.isMultiple(of: 2) ? "completed" : "in_progress"
                $0.expiresAt = now + .seconds(3000)
            }
        }
        try await harness.running(harness.reconciler()) {
            await harness.pass(.seconds(1))
        }
        #expect(try await harness.job("v250")?.state == .completed)
        #expect(try await harness.job("v2")?.state == .completed)
        #expect(try await harness.job("v1")?.state == .open)
        #expect(try await harness.job("v1")?.origin == .list)
        #expect(try await harness.job("v2")?.origin == .list)
        #expect(harness.provider.calls("list").prefix(3).map(\.id) == ["", "v151", "v51"])
    }

    @Test(arguments: [
        (status: "completed", created: -7200, expires: -60, isAdopted: false),
        (status: "completed", created: -7200, expires: 60, isAdopted: true),
        (status: "in_progress", created: -7200, expires: 0, isAdopted: true),
        (status: "queued", created: -90_000, expires: 0, isAdopted: false),
        (status: "completed", created: -90_000, expires: 60, isAdopted: false),
        (status: "failed", created: -60, expires: 60, isAdopted: false),
        (status: "expired", created: -60, expires: 60, isAdopted: false),
    ])
    func `only what is recent and can be saved is adopted`(
        status: String,
        created: Int,
        expires: Int,
        isAdopted: Bool
    ) async throws {
        harness.provider.set("v1") {
            $0.status = status
            $0.createdAt = now + .seconds(created)
            $0.expiresAt = expires == 0 ? nil : now + .seconds(expires)
        }
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
        #expect((try await harness.job("v1") != nil) == isAdopted)
    }

    @Test func `by policy nothing is adopted`() async throws {
        harness.provider.set("v1") { $0.status = "in_progress" }
        let configuration = ReconcilerConfiguration(adoption: .ignore)
        try await harness.running(harness.reconciler(configuration)) {
            await harness.pass(.seconds(1))
        }
        #expect(try await harness.job("v1") == nil)
    }

    @Test func `the list is read again at intervals, and old ends make no new entries`()
        async throws
    {
        harness.provider.set("v1") {
            $0.status = "completed"
            $0.createdAt = now
        }
        try await harness.running(harness.reconciler()) {
            await harness.pass(.seconds(610))
            harness.provider.set("v2") { $0.createdAt = now }
            await harness.pass(.seconds(300))
        }
        #expect(harness.provider.calls("list").count == 4)
        #expect(try await harness.entries("v1").count == 1)
        #expect(try await harness.job("v2")?.state == .open)
    }

    @Test func `later readings stop where the one before began, and every so often do not`()
        async throws
    {
        for number in 1...250 {
            harness.provider.set("v\(number)") { $0.createdAt = now - .seconds(20_000 - number) }
        }
        let configuration = ReconcilerConfiguration(fullSweepCount: 3, adoption: .ignore)
        try await harness.running(harness.reconciler(configuration)) {
            await harness.pass(.seconds(1))
            for (sweep, pages) in [(1, 3), (2, 4), (3, 5), (4, 8)] {
                #expect(harness.provider.calls("list").count == pages, "sweep \(sweep)")
                await harness.pass(.seconds(300))
            }
        }
    }

    @Test func `a list that begins with the oldest is read to its end`() async throws {
        for number in 1...250 {
            // The provider lists what was set last first.
            harness.provider.set("v\(number)") { $0.createdAt = now - .seconds(100_000 + number) }
        }
        harness.provider.set("new") { $0.createdAt = now - .seconds(200_000) }
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
        #expect(harness.provider.calls("list").count == 3)
    }

    @Test func `a video that an event told of and the list does not hold is reported once`()
        async throws
    {
        harness.provider.set("v1") { $0.createdAt = now }
        try await harness.deliver("stranger")
        try await harness.running(harness.reconciler(ReconcilerConfiguration(fullSweepCount: 1))) {
            await harness.pass(.seconds(1300))
        }
        let lines = harness.log.records.filter {
            $0.message == "an event told of a video that the provider does not list"
        }
        #expect(lines.count == 1)
        #expect(
            harness.metrics.prometheusText()
                .contains(#"reelhook_videos_unlisted{provider="openai"} 1"#)
        )
    }

    @Test func `an end that no webhook tells of is reported, where webhooks come at all`()
        async throws
    {
        for id in ["v1", "v2"] { try await harness.track(id) }
        try await harness.running(harness.reconciler()) {
            harness.provider.set("v1") { $0.status = "completed" }
            await harness.pass(.seconds(60))
            #expect(!harness.log.messages.contains("no webhook told of the end of a video"))
            try await harness.deliver("told")
            harness.provider.set("v2") { $0.status = "completed" }
            await harness.pass(.seconds(60))
        }
        let lines = harness.log.records.filter {
            $0.message == "no webhook told of the end of a video"
        }
        #expect(lines.count == 1)
    }

    @Test func `a lost video that the list shows completed is told of after all`() async throws {
        try await harness.track("v1")
        let id = try #require(VideoID("v1"))
        var update = JobUpdate(provider: "openai", id: id, origin: .track, moment: now)
        update.state = .lost
        try await harness.journal.record(update)
        harness.provider.set("v1") { $0.status = "completed" }
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
        #expect(try await harness.job("v1")?.state == .completed)
    }

    @Test func `a server that ignores the cursor is not read for ever`() async throws {
        for number in 1...150 { harness.provider.set("v\(number)") { $0.createdAt = now } }
        harness.provider.ignoreCursor()
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
        #expect(harness.provider.calls("list").count == 2)
    }

    @Test func `a list with an id that cannot be a folder is read on`() async throws {
        harness.provider.set("../../etc/passwd") { $0.createdAt = now }
        harness.provider.set("v1") { $0.createdAt = now }
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
        #expect(try await harness.job("v1")?.state == .open)
    }
}
