import ReelJournal
import ReelObservability
import ReelProviders
import ReelReconciler
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ReconcilerTests {
    private let harness = ReconcilerHarness()

    @Test func `a video is asked about after 2, 4 and 8 s, then every 10 s`() async throws {
        let schedule = PollSchedule(jitter: 0)
        let configuration = ReconcilerConfiguration(schedule: schedule, adoption: .ignore)
        try await harness.running(harness.reconciler(configuration)) {
            await harness.settle()
            try await harness.track("v1")
            await harness.pass(.seconds(60))
        }
        let moments = harness.provider.calls("retrieve").map(\.at.components.seconds)
        #expect(moments.prefix(6) == [2, 6, 14, 24, 34, 44])
    }

    @Test func `an end without a webhook is caught and told as an event`() async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            await harness.pass(.seconds(60))
            let moment = harness.time.now()
            harness.provider.set("v1") {
                $0.status = "completed"
                $0.completedAt = moment
                $0.expiresAt = moment + .seconds(3600)
            }
            let before = harness.time.uptime()
            try await harness.until("the end is found", within: .seconds(30)) {
                try await harness.job("v1")?.state == .completed
            }
            #expect(harness.time.uptime() - before <= .seconds(11))
        }
        let entries = try await harness.entries("v1")
        #expect(entries.map(\.origin) == [.poll])
        #expect(entries.map(\.type) == ["video.completed"])
        let job = try #require(try await harness.job("v1"))
        #expect(job.status == "completed")
        #expect(job.expiresAt == entries[0].occurredAt.map { $0 + .seconds(3600) })
        #expect(job.origin == .track)
    }

    @Test
    func `while webhooks arrive a missed one is caught within 30 s, and then polls come faster`()
        async throws
    {
        try await harness.track("v0")
        try await harness.deliver("v0")
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            try await harness.track("v2")
            await harness.pass(.seconds(120))
            #expect(harness.provider.calls("retrieve").count { $0.id == "v1" } <= 7)
            harness.provider.set("v1") { $0.status = "completed" }
            let before = harness.time.uptime()
            try await harness.until("the end is found", within: .seconds(60)) {
                try await harness.job("v1")?.state == .completed
            }
            #expect(harness.time.uptime() - before <= .seconds(30))
            await harness.pass(.seconds(30))
            let calls = harness.provider.calls("retrieve").count { $0.id == "v2" }
            await harness.pass(.seconds(60))
            #expect(harness.provider.calls("retrieve").count { $0.id == "v2" } - calls >= 5)
        }
        #expect(harness.log.messages.contains("webhooks do not arrive, polling more often"))
    }

    @Test func `when webhooks cease to arrive nobody waits out the longer interval`() async throws {
        let configuration = ReconcilerConfiguration(
            webhookGrace: .seconds(1),
            safetyInterval: .seconds(1)
        )
        try await harness.track("v0")
        try await harness.deliver("v0")
        try await harness.running(harness.reconciler(configuration)) {
            // Both are asked about at the same moments.
            try await harness.track("v1")
            try await harness.track("v2")
            await harness.pass(.seconds(60))
            harness.provider.set("v1") { $0.status = "completed" }
            try await harness.until("the end is found", within: .seconds(30)) {
                try await harness.job("v1")?.state == .completed
            }
            await harness.pass(.seconds(15))
        }
        let moments = harness.provider.calls("retrieve").filter { $0.id == "v2" }.map(\.at)
        let last = try #require(moments.last)
        #expect(last - moments[moments.count - 2] <= .seconds(14))
    }

    @Test func `when webhooks return, polls come seldom again`() async throws {
        try await harness.track("v0")
        try await harness.deliver("v0")
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            try await harness.track("v2")
            harness.provider.set("v1") { $0.status = "completed" }
            try await harness.until("they do not arrive", within: .seconds(120)) {
                harness.log.messages.contains("webhooks do not arrive, polling more often")
            }
            await harness.pass(.seconds(60))
            let often = harness.provider.calls("retrieve").count { $0.id == "v2" }
            await harness.pass(.seconds(120))
            let between = harness.provider.calls("retrieve").count { $0.id == "v2" }
            #expect(between - often >= 10)
            try await harness.deliver("v3")
            await harness.pass(.seconds(30))
            let before = harness.provider.calls("retrieve").count { $0.id == "v2" }
            await harness.pass(.seconds(120))
            let after = harness.provider.calls("retrieve").count { $0.id == "v2" }
            #expect((4...7).contains(after - before))
        }
        let last = harness.log.messages.last { $0.hasPrefix("webhooks") }
        #expect(last == "webhooks arrive, polling less often")
    }

    @Test(arguments: ["processing", "NOT_START", "pending", "", "completed ", "Succeeded"])
    func `a state that nobody has heard of is no end`(_ word: String) async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            harness.provider.set("v1") { $0.status = word }
            await harness.pass(.seconds(300))
            let job = try await harness.job("v1")
            #expect(job?.state == .open)
            #expect(job?.status == word)
            #expect(try await harness.entries("v1").isEmpty)
            harness.provider.set("v1") { $0.status = "completed" }
            await harness.pass(.seconds(30))
            #expect(try await harness.job("v1")?.state == .completed)
        }
        #expect(try await harness.entries("v1").map(\.type) == ["video.completed"])
    }

    @Test func `a webhook and a poll in the same instant are one fact`() async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            await harness.pass(.seconds(5))
            harness.provider.set("v1") { $0.status = "completed" }
            async let delivery: Void = harness.deliver("v1")
            harness.time.advance(by: .seconds(4))
            try await delivery
            try await harness.until("the end is found", within: .seconds(30)) {
                try await harness.job("v1")?.state == .completed
            }
            await harness.pass(.seconds(60))
        }
        let entries = try await harness.entries("v1")
        #expect(entries.count { $0.state == .pending } == 1)
        #expect(entries.allSatisfy { $0.state == .pending || $0.state == .duplicate })
        #expect(entries.count <= 2)
    }

    @Test func `a video whose webhook came is not asked about any more`() async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            await harness.pass(.seconds(10))
            try await harness.deliver("v1")
            await harness.pass(.seconds(3))
            let count = harness.provider.calls("retrieve").count
            await harness.pass(.seconds(120))
            #expect(harness.provider.calls("retrieve").count == count)
        }
    }

    @Test func `a forgotten video is given up after some polls and a minute`() async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            harness.provider.forget("v1")
            await harness.pass(.seconds(50))
            #expect(try await harness.job("v1")?.state == .open)
            try await harness.until("the job is lost", within: .seconds(60)) {
                try await harness.job("v1")?.state == .lost
            }
            let count = harness.provider.calls("retrieve").count
            await harness.pass(.seconds(120))
            #expect(harness.provider.calls("retrieve").count == count)
        }
        #expect(try await harness.job("v1")?.reason?.code == "forgotten_by_provider")
    }

    @Test func `a provider that lags behind its own create is given time`() async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            harness.provider.forget("v1")
            await harness.pass(.seconds(30))
            harness.provider.set("v1") { $0.status = "completed" }
            try await harness.until("the end is found", within: .seconds(30)) {
                try await harness.job("v1")?.state == .completed
            }
        }
    }

    @Test func `a video that never ends is given up at the deadline`() async throws {
        let configuration = ReconcilerConfiguration(deadline: .seconds(600))
        try await harness.running(harness.reconciler(configuration)) {
            try await harness.track("v1")
            await harness.pass(.seconds(590))
            #expect(try await harness.job("v1")?.state == .open)
            try await harness.until("the job is lost", within: .seconds(60)) {
                try await harness.job("v1")?.state == .lost
            }
        }
        #expect(try await harness.job("v1")?.reason?.code == "poll_deadline")
    }

    @Test(arguments: [
        (status: "failed", state: JobState.failed, reason: "failed_at_provider", events: 1),
        (status: "canceled", state: .failed, reason: "cancelled_at_provider", events: 1),
        (status: "expired", state: .lost, reason: "expired_at_provider", events: 0),
    ])
    func `other ends are told as what they are`(
        status: String,
        state: JobState,
        reason: String,
        events: Int
    ) async throws {
        try await harness.running(harness.reconciler()) {
            try await harness.track("v1")
            harness.provider.set("v1") {
                $0.status = status
                $0.errorCode = "moderation_blocked"
            }
            try await harness.until("the job has ended", within: .seconds(30)) {
                try await harness.job("v1")?.reason != nil
            }
        }
        let job = try #require(try await harness.job("v1"))
        #expect(job.state == state)
        #expect(job.reason?.code == reason)
        #expect(try await harness.entries("v1").count == events)
    }

    @Test func `a provider that is out is asked seldom, and at once again when it is back`()
        async throws
    {
        try await harness.running(harness.reconciler()) {
            for number in 1...4 { try await harness.track("v\(number)") }
            await harness.pass(.seconds(20))
            harness.provider.refuse { _ in ProviderError(.gatewayError, status: 502) }
            await harness.pass(.seconds(20))
            let before = harness.provider.calls.count
            await harness.pass(.seconds(200))
            #expect(harness.provider.calls.count - before <= 25)
            harness.provider.refuse(nil)
            for number in 1...4 { harness.provider.set("v\(number)") { $0.status = "completed" } }
            try await harness.until("all ends are found", within: .seconds(30)) {
                for number in 1...4 where try await harness.job("v\(number)")?.state != .completed {
                    return false
                }
                return true
            }
        }
        let messages = harness.log.messages
        #expect(messages.count { $0 == "the provider does not answer" } == 1)
        #expect(messages.count { $0 == "the provider answers again" } == 1)
    }

    @Test func `a wait that the server asks for is kept`() async throws {
        let configuration = ReconcilerConfiguration(adoption: .ignore)
        try await harness.running(harness.reconciler(configuration)) {
            try await harness.track("v1")
            harness.provider.wish(.seconds(20))
            await harness.pass(.seconds(65))
            let polite = harness.provider.calls("retrieve").map(\.at)
            #expect(polite.count == 4)
            harness.provider.refuse { _ in
                ProviderError(.rateLimited, status: 429, retryAfter: .seconds(100))
            }
            await harness.pass(.seconds(30))
            let count = harness.provider.calls.count
            await harness.pass(.seconds(60))
            #expect(harness.provider.calls.count == count)
        }
    }

    @Test func `a key that is refused holds up its own videos alone`() async throws {
        let refused = ProviderError(.unauthorized, status: 401, isOfOneKey: true)
        let configuration = ReconcilerConfiguration(adoption: .ignore)
        try await harness.running(harness.reconciler(configuration)) {
            for id in ["v1", "v2"] { try await harness.track(id) }
            harness.provider.refuse { $0.id == "v1" ? refused : nil }
            await harness.pass(.seconds(200))
            harness.provider.set("v2") { $0.status = "completed" }
            try await harness.until("the end is found", within: .seconds(30)) {
                try await harness.job("v2")?.state == .completed
            }
        }
        #expect(try await harness.job("v1")?.state == .open)
        #expect(!harness.log.messages.contains("the provider does not answer"))
    }

    @Test func `a hundred open videos cost a list call a round`() async throws {
        for number in 1...100 { try await harness.track("v\(number)") }
        try await harness.running(harness.reconciler()) {
            await harness.pass(.seconds(120))
            for number in 1...100 { harness.provider.set("v\(number)") { $0.status = "completed" } }
            await harness.pass(.seconds(30))
        }
        for number in 1...100 { #expect(try await harness.job("v\(number)")?.state == .completed) }
        #expect(harness.provider.calls.count <= 25)
    }

    @Test func `what a list does not hold is asked for alone`() async throws {
        for number in 1...8 { try await harness.track("v\(number)") }
        harness.provider.refuse { call in
            call.operation == "list" ? ProviderError(.invalidRequest, status: 405) : nil
        }
        try await harness.running(harness.reconciler()) {
            for number in 1...8 { harness.provider.set("v\(number)") { $0.status = "completed" } }
            try await harness.until("all ends are found", within: .seconds(30)) {
                for number in 1...8 where try await harness.job("v\(number)")?.state != .completed {
                    return false
                }
                return true
            }
        }
        #expect(harness.provider.calls("list").count <= 3)
    }
}
