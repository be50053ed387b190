import JournalConformance
import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherStopTests {
    private let harness = DispatcherHarness()

    @Test func `a stop cancels handlers after the grace and gives their claims back uncounted`()
        async throws
    {
        let gate = Gate()
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain { await gate.pass() }])]) {
            try await harness.until("the step is at work") { gate.arrivals == 1 }
        }
        #expect(harness.time.uptime() >= .seconds(10))
        let stopped = try #require(try await harness.steps(sequence).first)
        #expect(stopped.state == .waiting)
        #expect(stopped.attempts == 0)
        #expect(stopped.reason?.code == "service_stopped")
        let before = harness.time.uptime()
        try await harness.running([harness.dispatcher([chain {}])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.calls.map(\.attempt) == [1, 1, 1])
        #expect(harness.time.uptime() - before < .seconds(1))
    }

    @Test func `what ends within the grace is done, and the next step is left for later`()
        async throws
    {
        let gate = Gate()
        let sequence = try await harness.append(Happened.observed("v1"))
        let chain = chain { [time = harness.time] in
            gate.open()
            try? await time.sleep(for: .seconds(9))
        }
        try await harness.running([harness.dispatcher([chain])]) { await gate.pass() }
        #expect(try await harness.steps(sequence).map(\.state) == [.done, .waiting])
        #expect(harness.calls.words == ["fetch v1"])
    }

    @Test func `a stop during a failing journal ends, and the step is done again`() async throws {
        let gate = Gate()
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain { await gate.pass() }])]) {
            try await harness.until("the step is at work") { gate.arrivals == 1 }
            harness.driver.refuse { _ in .io }
        }
        harness.driver.refuse { _ in nil }
        try await harness.running([harness.dispatcher([chain {}])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.words == ["fetch v1", "fetch v1", "store v1"])
    }

    @Test func `a dispatcher that is stopped before it starts does nothing`() async throws {
        let sequence = try await harness.append(Happened.observed("v1"))
        await withTaskGroup(of: Void.self) { [harness] group in
            group.cancelAll()
            group.addTask { try? await harness.dispatcher([chain {}]).run() }
        }
        #expect(try await harness.state(sequence) == .pending)
    }

    private func chain(_ body: @escaping @Sendable () async -> Void) -> Chain {
        Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, _ in
                        await body()
                        return Task.isCancelled ? .giveUp(Reason("cancelled")) : .done()
                    }
                ),
                Step("store", harness.handler()),
            ]
        )
    }
}
