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
        (status: "completed", created: -7200, expires: -60, state: JobState?.some(.lost)),
        (status: "completed", created: -7200, expires: 60, state: .completed),
        (status: "in_progress", created: -7200, expires: 0, state: .open),
        (status: "queued", created: -90_000, expires: 0, state: nil),
        (status: "completed", created: -90_000, expires: 60, state: nil),
        (status: "completed", created: -90_000, expires: -60, state: nil),
        (status: "failed", created: -60, expires: 60, state: nil),
        (status: "expired", created: -60, expires: 60, state: .lost),
    ])
    func `only what is recent is known, and only what can be saved is adopted`(
        status: String,
        created: Int,
        expires: Int,
        state: JobState?
    ) async throws {
        harness.provider.set("v1") {
            $0.status = status
            $0.createdAt = now + .seconds(created)
            $0.expiresAt = expires == 0 ? nil : now + .seconds(expires)
        }
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
        #expect(try await harness.job("v1")?.state == state)
    }

    @Test func `a video that died while nobody looked is said to be lost, once`() async throws {
        harness.provider.set("v1") {
            $0.status = "completed"
            $0.createdAt = now - .seconds(7200)
            $0.expiresAt = now - .seconds(60)
        }
        try await harness.running(harness.reconciler(ReconcilerConfiguration(fullSweepCount: 1))) {
            await harness.pass(.seconds(1000))
        }
        let job = try #require(try await harness.job("v1"))
        #expect(job.state == .lost)
        #expect(job.reason?.code == "expired_untold")
        #expect(job.reason?.detail == "the link died at \(now - .seconds(60))")
        let lines = harness.log.messages.filter {
            $0 == "a video was lost before anybody told of it"
        }
        #expect(lines.count == 1)
        // Nothing can be done about it: no event.
        #expect(try await harness.entries("v1").isEmpty)
        #expect(
            harness.metrics.prometheusText()
                .contains(
                    #"reelhook_jobs_lost_total{provider="openai",reason="expired_untold"} 1"#
                )
        )
    }

    @Test func `by policy nothing is adopted`() async throws {
        harness.provider.set("v1") { $0.status = "in_progress" }
        harness.provider.set("v2") {
            $0.status = "completed"
            $0.expiresAt = now - .seconds(60)
        }
        let configuration = ReconcilerConfiguration(adoption: .ignore)
        try await harness.running(harness.reconciler(configuration)) {
            await harness.pass(.seconds(1))
        }
        #expect(try await harness.job("v1") == nil)
        #expect(try await harness.job("v2") == nil)
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

    @Test func `a stranger is found behind any number of newer videos`() async throws {
        try await harness.deliver("stranger")
        for number in 1...1100 {
            let id = "v\(number)"
            harness.provider.set(id) {
                $0.createdAt = now
                $0.status = "completed"
            }
            try await harness.deliver(id)
        }
        harness.time.advance(by: .seconds(120))
        try await harness.running(harness.reconciler()) { await harness.pass(.seconds(1)) }
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
