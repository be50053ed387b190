import JournalConformance
import ReelEvents
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherBreakerTests {
    private let harness = DispatcherHarness()
    private let isOut = Locked(true)
    private var configuration: DispatcherConfiguration { configuration(grace: .seconds(900)) }

    private func configuration(grace: Duration) -> DispatcherConfiguration {
        DispatcherConfiguration(
            concurrency: 4,
            expiryGrace: grace,
            breakers: BreakerConfiguration(
                failureCountMax: 3,
                probeInterval: .seconds(20),
                patience: .seconds(1800)
            )
        )
    }

    /// Fails for as long as the target is out.
    private func chain(
        attempts: Int = 3,
        needsLink: Bool = false,
        wait: Duration? = nil
    ) -> Chain {
        let step = Step(
            "fetch",
            TargetedHandler(needsLink: needsLink, calls: harness.calls) { [isOut] in
                isOut.withLock { $0 } ? .unavailable(after: wait, Reason("out")) : .done()
            },
            retry: RetryPolicy(attempts: attempts, base: .seconds(1))
        )
        return Chain("files", on: [.videoCompleted], steps: [step])
    }

    private func count(_ states: [EventState]) async throws -> Int64 {
        var query = EntryQuery()
        query.states = states
        return try await harness.memory.count(query)
    }

    @Test func `events wait for a target that is out, and none dies of it`() async throws {
        for number in 1...10 { try await harness.append(Happened.observed("v\(number)")) }
        try await harness.running([harness.dispatcher([chain()], configuration)]) {
            let end = harness.time.uptime() + .seconds(120)
            try await harness.until("two minutes are over") { harness.time.uptime() >= end }
            #expect(try await count([.dead]) == 0)
            #expect(try await count([.waiting]) == 10)
            let breakers = try await harness.memory.breakers()
            #expect(breakers.map(\.target) == ["target"])
            #expect(breakers.map(\.state) == [.open])
            let entry = try await harness.memory.entry(10)
            #expect(entry?.reason == Reason("waiting_for_breaker", "target"))
            // One probe in each interval, however many wait: 20 s at the most, 10 at the least.
            #expect((7...16).contains(harness.calls.calls.count))
            let burnt = try await (Int64(1)...10).asyncSum {
                try await harness.steps($0).map(\.attempts).reduce(0, +)
            }
            #expect(burnt <= 1)
            isOut.withLock { $0 = false }
            try await harness.until("all are done") { try await count([.done]) == 10 }
            #expect(harness.time.uptime() - end <= .seconds(25))
        }
        #expect(try await harness.memory.breakers().map(\.state) == [.closed])
        #expect(harness.sink.messages.contains("breaker open"))
        #expect(harness.sink.messages.contains("breaker closed"))
    }

    @Test func `a restart goes on waiting`() async throws {
        for number in 1...5 { try await harness.append(Happened.observed("v\(number)")) }
        try await harness.running([harness.dispatcher([chain()], configuration)]) {
            try await harness.until("it is open") {
                try await harness.memory.breakers().first?.state == .open
            }
        }
        let before = harness.calls.calls.count
        let reopened = harness.time.now()
        try await harness.running([harness.dispatcher([chain()], configuration, seed: 2)]) {
            let probeAt = try await harness.memory.breakers().first?.probeAt ?? reopened
            try await harness.until("it is tried") { harness.calls.calls.count > before }
            #expect(harness.time.now() >= probeAt)
            isOut.withLock { $0 = false }
            try await harness.until("all are done") { try await count([.done]) == 5 }
        }
    }

    @Test func `what does not ask the target says nothing of it`() async throws {
        for number in 1...5 { try await harness.append(Happened.observed("v\(number)")) }
        let idle = Chain(
            "idle",
            on: [.videoFailed],
            steps: [Step("look", IdleHandler(calls: harness.calls))]
        )
        try await harness.running([harness.dispatcher([chain(), idle], configuration)]) {
            try await harness.until("it is open") {
                try await harness.memory.breakers().first?.state == .open
            }
            let last = try await harness.append(Happened.observed("v9", .failed))
            try await harness.until("the idle one is done") {
                try await harness.state(last) == .done
            }
            #expect(try await harness.memory.breakers().first?.state != .closed)
            #expect(!harness.sink.messages.contains("breaker closed"))
        }
    }

    @Test func `a breaker that is being tried is shown as such`() async throws {
        try await harness.append(Happened.observed("v1"))
        let gate = Gate()
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    GatedHandler(isOut: isOut, gate: gate, calls: harness.calls),
                    retry: RetryPolicy(base: .seconds(1))
                )
            ]
        )
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("one tries it") {
                try await harness.memory.breakers().first?.state == .halfOpen
            }
            isOut.withLock { $0 = false }
            gate.open()
            try await harness.until("it is done") { try await count([.done]) == 1 }
        }
        #expect(try await harness.memory.breakers().map(\.state) == [.closed])
    }

    @Test func `where a breaker stands is kept once the journal takes it again`() async throws {
        for number in 1...5 { try await harness.append(Happened.observed("v\(number)")) }
        try await harness.running([harness.dispatcher([chain()], configuration)]) {
            try await harness.until("it is open") {
                try await harness.memory.breakers().first?.state == .open
            }
            harness.driver.refuse { $0 == "recordBreaker" ? .io : nil }
            isOut.withLock { $0 = false }
            try await harness.until("all are done") { try await count([.done]) == 5 }
            #expect(try await harness.memory.breakers().first?.state != .closed)
            harness.driver.refuse { _ in nil }
            try await harness.until("it is kept") {
                try await harness.memory.breakers().first?.state == .closed
            }
        }
    }

    @Test func `a wait that the target names is kept`() async throws {
        try await harness.append(Happened.observed("v1"))
        let chain = chain(wait: .seconds(600))
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("it waits") { try await count([.waiting]) == 1 }
            isOut.withLock { $0 = false }
            try await harness.until("it is done") { try await count([.done]) == 1 }
            #expect(harness.time.uptime() >= .seconds(600))
            #expect(harness.calls.calls.count == 2)
        }
    }

    @Test func `patience has an end, and then attempts count`() async throws {
        try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain()], configuration)]) {
            try await harness.until("it is dead") { try await count([.dead]) == 1 }
            #expect(harness.time.uptime() >= .seconds(1800))
        }
        #expect(try await harness.memory.entry(1)?.reason?.code == "out")
    }

    /// Has a video whose link dies after a while.
    private func appendVideo(living span: Duration) async throws -> Timestamp {
        let expiresAt = harness.time.now() + span
        var news = JobUpdate(
            provider: "openai",
            id: "v1".videoID,
            origin: .event,
            moment: harness.time.now()
        )
        news.expiresAt = expiresAt
        _ = try await harness.memory.record(news)
        try await harness.append(Happened.observed("v1"))
        return expiresAt
    }

    @Test func `a provider that is out says nothing of a link past its end`() async throws {
        let expiresAt = try await appendVideo(living: .seconds(600))
        let chain = chain(attempts: 1000, needsLink: true)
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("ten minutes more are over") {
                harness.time.now() >= expiresAt + .seconds(600)
            }
            #expect(try await count([.waiting]) == 1)
            // Past its end it waits behind the breaker as others do: at least 10 s from try to try.
            let late = try await harness.memory.attempts(of: 1).filter { $0.startedAt > expiresAt }
            #expect((1...70).contains(late.count))
            isOut.withLock { $0 = false }
            try await harness.until("it is done") { try await count([.done]) == 1 }
        }
    }

    @Test func `an expiry that the attempt learns bounds the next try`() async throws {
        let end = harness.time.now() + .seconds(600)
        try await harness.append(Happened.observed("v1"))
        let step = Step(
            "fetch",
            LearningHandler(driver: harness.memory, expiresAt: end, calls: harness.calls)
        )
        let chain = Chain("files", on: [.videoCompleted], steps: [step])
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("it is tried again") { harness.calls.calls.count == 2 }
            #expect(harness.time.now() < end)
        }
    }

    @Test func `a try that took too long is bounded as others are`() async throws {
        let end = try await appendVideo(living: .seconds(600))
        let step = Step(
            "fetch",
            SleepingHandler(time: harness.time, calls: harness.calls),
            retry: RetryPolicy(schedule: [.seconds(7200)]),
            timeLimit: .seconds(60)
        )
        let chain = Chain("files", on: [.videoCompleted], steps: [step])
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("it is tried again") { harness.calls.calls.count == 2 }
            #expect(harness.time.now() < end)
        }
    }

    @Test func `a link is dead when its grace is over`() async throws {
        let expiresAt = try await appendVideo(living: .seconds(600))
        let chain = chain(attempts: 1000, needsLink: true, wait: .seconds(700))
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("it is dead") { try await count([.dead]) == 1 }
            #expect(harness.time.now() >= expiresAt + .seconds(900))
            #expect(harness.time.now() <= expiresAt + .seconds(910))
        }
        #expect(try await harness.memory.entry(1)?.reason?.code == "expired")
    }

    @Test func `who was called before the end of the link is called once more after it`()
        async throws
    {
        let expiresAt = try await appendVideo(living: .seconds(600))
        let time = harness.time
        let end = expiresAt + configuration.expiryGrace
        let step = Step(
            "fetch",
            TargetedHandler(needsLink: true, calls: harness.calls) {
                if time.now() >= end { return .done(note: "without the thumbnail") }
                // The call lasts beyond the end.
                time.advance(by: end - time.now() + .seconds(1))
                return .postpone(.seconds(60), Reason("disk_full"))
            }
        )
        let chain = Chain("files", on: [.videoCompleted], steps: [step])
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("it is over") { try await count([.done, .dead]) == 1 }
        }
        #expect(try await count([.done]) == 1)
        #expect(harness.calls.calls.count == 2)
    }

    @Test func `without a grace no later try is made once the link is dead`() async throws {
        let expiresAt = try await appendVideo(living: .seconds(600))
        let chain = chain(attempts: 1000, needsLink: true)
        let configuration = configuration(grace: .zero)
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("it is dead") { try await count([.dead]) == 1 }
            #expect(harness.time.now() >= expiresAt)
            #expect(harness.time.now() <= expiresAt + .seconds(10))
        }
        #expect(try await harness.memory.entry(1)?.reason?.code == "expired")
        let attempts = try await harness.memory.attempts(of: 1)
        #expect(attempts.last?.outcome == "dead")
        #expect(attempts.dropLast().allSatisfy { $0.startedAt < expiresAt })
        // Close to its end it is tried again and again, breaker or not, and once a second at most.
        let late = attempts.filter { $0.startedAt > expiresAt - .seconds(20) }
        #expect((3...25).contains(late.count))
    }
}

/// A handler that depends on something.
private struct TargetedHandler: Handler {
    let needsLink: Bool
    let calls: CallLog
    let body: @Sendable () -> Outcome

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        await ScriptedHandler(calls) { _, _ in body() }.handle(event, context)
    }

    func target(of event: Event) -> String? { "target" }
}

extension ClosedRange where Bound == Int64 {
    fileprivate func asyncSum(
        _ value: (Int64) async throws -> Int
    ) async rethrows -> Int {
        var sum = 0
        for element in self { sum += try await value(element) }
        return sum
    }
}

/// A handler of the same target that finds nothing to ask it.
private struct IdleHandler: Handler {
    let calls: CallLog

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        context.leftTargetAlone()
        return await ScriptedHandler(calls).handle(event, context)
    }

    func target(of event: Event) -> String? { "target" }
}

/// A handler whose target is out until it is not, and which then takes its time.
private struct GatedHandler: Handler {
    let isOut: Locked<Bool>
    let gate: Gate
    let calls: CallLog

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        await ScriptedHandler(calls) { _, _ in
            if calls.calls.count > 3 { await gate.pass() }
            return isOut.withLock { $0 } ? .unavailable(Reason("out")) : .done()
        }.handle(event, context)
    }

    func target(of event: Event) -> String? { "target" }
}

/// A handler that learns when the link dies, and is asked to come back long after.
private struct LearningHandler: Handler {
    let driver: InMemoryJournalDriver
    let expiresAt: Timestamp
    let calls: CallLog

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        await ScriptedHandler(calls) { _, _ in
            var news = JobUpdate(
                provider: "openai",
                id: "v1".videoID,
                origin: .event,
                moment: event.receivedAt
            )
            news.expiresAt = expiresAt
            _ = try? await driver.record(news)
            return .retry(after: .seconds(3500), Reason("not_yet"))
        }.handle(event, context)
    }

    var needsLink: Bool { true }
}

/// A handler that needs a link and never comes to an end.
private struct SleepingHandler: Handler {
    let time: ManualTime
    let calls: CallLog

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        await ScriptedHandler(calls) { _, _ in
            try? await time.sleep(for: .seconds(100_000))
            return .retry(Reason("cancelled"))
        }.handle(event, context)
    }

    var needsLink: Bool { true }
}
