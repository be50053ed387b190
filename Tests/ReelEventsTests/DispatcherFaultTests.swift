import JournalConformance
import ReelEvents
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherFaultTests {
    private let harness = DispatcherHarness()

    @Test func `after a crash the undone step is done once the lease is over`() async throws {
        let gate = Gate()
        let sequence = try await harness.append(Happened.observed("v1"))
        await #expect(throws: JournalError.closed) {
            try await harness.running([harness.dispatcher([chain(storing: gate)])]) {
                try await harness.until("the second step is at work") { gate.arrivals == 1 }
                // From here on nothing of it reaches the journal, as if the process had ended.
                harness.driver.refuse { _ in .closed }
            }
        }
        harness.driver.refuse { _ in nil }
        let crashedAt = harness.time.uptime()
        try await harness.running([harness.dispatcher([chain(storing: nil)])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.words == ["fetch v1", "store v1", "store v1", "notify v1"])
        #expect(harness.calls.calls.map(\.attempt) == [1, 1, 2, 1])
        #expect(harness.calls.calls[1].id == harness.calls.calls[2].id)
        #expect(harness.time.uptime() - crashedAt <= .seconds(60))
    }

    @Test func `a step that ends its process each time is not tried for ever`() async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        let gate = Gate()
        let chain = chain(storing: gate, retry: RetryPolicy(attempts: 3))
        for crash in 1...3 {
            await #expect(throws: JournalError.closed) {
                try await harness.running([harness.dispatcher([chain])]) {
                    try await harness.until("the step is at work") { gate.arrivals == crash }
                    harness.driver.refuse { _ in .closed }
                }
            }
            harness.driver.refuse { _ in nil }
        }
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is dead") {
                try await harness.state(sequence) == .dead
            }
        }
        #expect(gate.arrivals == 3)
        #expect(try await harness.memory.entry(sequence)?.reason?.code == "attempts_exhausted")
    }

    @Test func `an owner that was taken over cannot complete`() async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        let (start, late) = (Gate(), Gate())
        let slow = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, context in
                        start.open()
                        // A handler that does not hear its cancellation.
                        await Task { await late.pass() }.value
                        return .done(note: "by the slow one")
                    }
                )
            ]
        )
        let quick = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step("fetch", ScriptedHandler(CallLog()) { _, _ in .done(note: "by the next") })
            ]
        )
        let other = Journal(driver: harness.memory)
        let second = Dispatcher(
            journal: other,
            chains: [quick],
            time: harness.time,
            random: SeededRandomSource(seed: 2),
            logger: Logger(sink: harness.sink, level: .debug, time: harness.time, component: "2"),
            metrics: Metrics()
        )
        try await harness.running([harness.dispatcher([slow])]) {
            await start.pass()
            harness.driver.refuse { $0 == "renew" ? .io : nil }
            try await harness.running([second]) {
                try await harness.until("the event is done") {
                    try await harness.state(sequence) == .done
                }
            }
            late.open()
            try await harness.until("the slow one has noticed") {
                harness.sink.messages.contains("claim lost")
            }
        }
        #expect(harness.time.uptime() >= .seconds(60))
        #expect(try await harness.steps(sequence).map(\.note) == ["by the next"])
    }

    @Test func `a heartbeat keeps a long step's claim`() async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { [time = harness.time] _, _ in
                        try? await time.sleep(for: .seconds(1800))
                        return .done()
                    }
                )
            ]
        )
        let dispatchers = [
            harness.dispatcher([chain], seed: 1), harness.dispatcher([chain], seed: 2),
        ]
        try await harness.running(dispatchers) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.calls.map(\.attempt) == [1])
    }

    @Test func `a claim that is heard of after its lease begins nothing`() async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        let count = Locked(0)
        harness.driver.refuse { [time = harness.time] name in
            guard name == "settle" else { return nil }
            let number = count.withLock {
                $0 += 1
                return $0
            }
            // The first step is recorded so slowly that the lease for the second is over by then.
            if number == 1 { time.advance(by: .seconds(61)) }
            return nil
        }
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [Step("fetch", harness.handler()), Step("store", harness.handler())]
        )
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        let messages = harness.sink.messages
        #expect(messages.contains("step postponed") || messages.contains("claim lost"))
        #expect(harness.calls.words == ["fetch v1", "store v1"])
    }

    @Test func `a heartbeat that hangs lets nobody work beyond his lease`() async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        let hung = Gate()
        harness.driver.delayRenewals { await hung.pass() }
        let spans = Locked([Duration]())
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { [time = harness.time] _, _ in
                        guard spans.withLock({ $0.isEmpty }) else { return .done() }
                        let start = time.uptime()
                        try? await time.sleep(for: .seconds(1800))
                        spans.withLock { $0.append(time.uptime() - start) }
                        return .retry(Reason("cancelled"))
                    }
                )
            ]
        )
        let dispatchers = [
            harness.dispatcher([chain], seed: 1), harness.dispatcher([chain], seed: 2),
        ]
        try await harness.running(dispatchers) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
            hung.open()
        }
        #expect(spans.withLock { $0 } == [.seconds(60)])
        #expect(harness.calls.collisions.isEmpty)
    }

    @Test(arguments: [3600, -3600])
    func `a clock that jumps takes no step from its owner`(jump: Int) async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        let gate = Gate()
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { [time = harness.time] _, _ in
                        await gate.pass()
                        try? await time.sleep(for: .seconds(1800))
                        return .done()
                    }
                )
            ]
        )
        let dispatchers = [
            harness.dispatcher([chain], seed: 1), harness.dispatcher([chain], seed: 2),
        ]
        try await harness.running(dispatchers) {
            try await harness.until("the step is at work") { gate.arrivals == 1 }
            harness.time.setWall(to: harness.time.now() + .seconds(jump))
            gate.open()
            // And back, or as far again, when leases have been given by the wrong clock.
            try await harness.until("a while has passed") {
                harness.time.uptime() >= .seconds(150)
            }
            harness.time.setWall(to: harness.time.now() - .seconds(jump))
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.collisions.isEmpty)
        #expect(harness.calls.calls.map(\.attempt) == [1])
    }

    @Test func `what is due by time waits for two leases at most after a clock's jump`()
        async throws
    {
        let sequence = try await harness.append(Happened.observed("v1"))
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, context in
                        context.attempt == 1 ? .retry(Reason("later")) : .done()
                    },
                    retry: RetryPolicy(attempts: 3, base: .seconds(1), cap: .seconds(2))
                )
            ]
        )
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the step has failed") {
                try await harness.state(sequence) == .waiting
            }
            harness.time.setWall(to: harness.time.now() + .seconds(3600))
            let start = harness.time.uptime()
            // What has just come does not wait.
            let next = try await harness.append(Happened.observed("v2"))
            try await harness.until("the next is tried") {
                try await harness.state(next) == .waiting
            }
            #expect(harness.time.uptime() - start < .seconds(6))
            try await harness.until("both are done") {
                let states = [try await harness.state(sequence), try await harness.state(next)]
                return states == [.done, .done]
            }
            #expect(harness.time.uptime() - start <= .seconds(125))
        }
    }

    @Test(arguments: ["entries", "plan", "claim", "outlook", "settle", "renew"])
    func `a call that the journal refuses for a while loses nothing`(
        operation: String
    ) async throws {
        let count = Locked(0)
        harness.driver.refuse { name in
            name == operation
                && count.withLock {
                    $0 += 1; return $0 <= 12
                } ? .full : nil
        }
        try await expectAllDoneOnce()
        #expect(count.withLock { $0 } > 0)
        #expect(harness.sink.messages.contains("the journal refused a call"))
    }

    @Test(arguments: 1...8)
    func `a journal that fails now and then loses nothing and repeats nothing`(
        seed: UInt64
    ) async throws {
        let random = SeededRandomSource(seed: seed)
        harness.driver.refuse { _ in
            random.chance(0.3) ? [.full, .io, .overloaded][Int(random.below(3))] : nil
        }
        try await expectAllDoneOnce()
    }

    private func expectAllDoneOnce() async throws {
        for number in 1...20 {
            _ = try await harness.memory.append(Happened.observed("v\(number)"))
        }
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: ["fetch", "store"].map { name in
                Step(
                    name,
                    harness.handler { [time = harness.time] _, _ in
                        try? await time.sleep(for: .seconds(100))
                        return .done()
                    }
                )
            }
        )
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("all are done") {
                var query = EntryQuery()
                query.states = [.done]
                return try await harness.memory.count(query) == 20
            }
        }
        #expect(harness.calls.calls.count == 40)
        #expect(Set(harness.calls.words).count == 40)
    }

    @Test func `a wake-up that is dropped delays and loses nothing`() async throws {
        try await harness.running([harness.dispatcher([chain(storing: nil)])]) {
            await harness.time.waitForSleepers(2)
            // The driver wakes nobody.
            _ = try await harness.memory.append(Happened.observed("v1"))
            let before = harness.time.uptime()
            try await harness.until("the event is done") { try await harness.state(1) == .done }
            #expect(harness.time.uptime() - before <= .seconds(5))
        }
    }

    @Test func `a closed journal ends the dispatcher`() async throws {
        await harness.memory.close()
        await #expect(throws: JournalError.closed) {
            try await harness.dispatcher([chain(storing: nil)]).run()
        }
    }

    /// Three steps, of which the second waits at a gate.
    private func chain(storing gate: Gate?, retry: RetryPolicy = RetryPolicy()) -> Chain {
        Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step("fetch", harness.handler()),
                Step(
                    "store",
                    harness.handler { _, _ in
                        await gate?.pass()
                        return Task.isCancelled ? .retry(Reason("cancelled")) : .done()
                    },
                    retry: retry
                ),
                Step("notify", harness.handler()),
            ]
        )
    }
}
