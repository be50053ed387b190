import ReelEvents
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherTests {
    private let harness = DispatcherHarness()

    @Test func `steps run in order, each once, and are recorded`() async throws {
        let chain = chain("files", ["fetch", "store", "notify"])
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.words == ["fetch v1", "store v1", "notify v1"])
        #expect(try await harness.steps(sequence).map(\.state) == [.done, .done, .done])
        #expect(harness.calls.calls.allSatisfy { $0.attempt == 1 && $0.chain == "files" })
        #expect(harness.sink.messages == ["event planned", "step done", "step done", "step done"])
        let done = harness.metrics.counter(
            "reelhook_steps_total",
            help: "",
            labels: ["outcome": "done", "reason": ""]
        )
        #expect(done.value == 3)
    }

    @Test func `a webhook and a poll of one fact run each chain once`() async throws {
        let chain = chain("files", ["fetch"])
        try await harness.append(
            Happened.delivered(type: "video.completed", video: "v1", id: "wh_1")
        )
        try await harness.append(Happened.observed("v1"))
        try await harness.append(
            Happened.delivered(type: "video.completed", video: "v1", id: "wh_2")
        )
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is done") { try await harness.state(1) == .done }
        }
        #expect(harness.calls.words == ["fetch v1"])
        #expect(try await harness.state(2) == .duplicate)
    }

    @Test func `a failing step is tried again by its policy and then dies with its reason`()
        async throws
    {
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, _ in .retry(Reason("http_500", "status 500")) },
                    retry: RetryPolicy(attempts: 4, base: .seconds(8), cap: .seconds(20))
                ),
                Step("store", harness.handler()),
            ]
        )
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is dead") {
                try await harness.state(sequence) == .dead
            }
        }
        #expect(harness.calls.calls.map(\.attempt) == [1, 2, 3, 4])
        #expect(Set(harness.calls.calls.map(\.id)).count == 1)
        let steps = try await harness.steps(sequence)
        #expect(steps.first?.reason == Reason("http_500", "status 500"))
        #expect(steps.last?.state == .pending)
        let outcomes = try await harness.memory.attempts(of: sequence).map(\.outcome)
        #expect(outcomes == ["retry", "retry", "retry", "dead"])
        #expect(harness.time.uptime() <= .seconds(8 + 16 + 20))
    }

    @Test func `a dead letter that an operator retries is worked on again`() async throws {
        let isHealed = Locked(false)
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, _ in
                        isHealed.withLock { $0 } ? .done() : .giveUp(Reason("expired"))
                    }
                )
            ]
        )
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is dead") {
                try await harness.state(sequence) == .dead
            }
            isHealed.withLock { $0 = true }
            _ = try await harness.memory.retryDead([sequence], at: harness.time.now())
            harness.journal.wake()
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.calls.map(\.attempt) == [1, 1])
    }

    @Test func `a wait that the server named is kept to the second`() async throws {
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { [time = harness.time] _, context in
                        if context.attempt == 1 {
                            return .retry(after: .seconds(90), Reason("rate_limited"))
                        }
                        return .done(note: "\(time.uptime().components.seconds)")
                    }
                )
            ]
        )
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(try await harness.steps(sequence).first?.note == "90")
    }

    @Test func `a postponement does not count`() async throws {
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { [calls = harness.calls] _, _ in
                        calls.calls.count < 30
                            ? .postpone(.seconds(7), Reason("disk_full")) : .done()
                    },
                    retry: RetryPolicy(attempts: 1)
                )
            ]
        )
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.calls.map(\.attempt) == Array(repeating: 1, count: 30))
    }

    @Test func `a step that takes too long is cancelled and counted`() async throws {
        let gate = Gate()
        let chain = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, context in
                        if context.attempt == 1 { await gate.pass() }
                        return context.attempt == 1 ? .giveUp(Reason("cancelled")) : .done()
                    },
                    retry: RetryPolicy(base: .seconds(1)),
                    timeLimit: .seconds(300)
                )
            ]
        )
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.calls.map(\.attempt) == [1, 2])
        #expect(harness.time.uptime() >= .seconds(300))
        #expect(harness.time.uptime() <= .seconds(302))
        let reasons = try await harness.memory.attempts(of: sequence).map(\.reason?.code)
        #expect(reasons == ["timed_out", nil])
    }

    @Test(arguments: [
        (type: "video.unheard", reason: "unknown_type"),
        (type: "batch.completed", reason: "no_chain"),
    ])
    func `an event that no chain takes is set aside with the reason`(
        type: String,
        reason: String
    ) async throws {
        let sequence = try await harness.append(
            Happened.delivered(type: type, video: "v1", id: "wh_1")
        )
        try await harness.running([harness.dispatcher([chain("files", ["fetch"])])]) {
            try await harness.until("the event is set aside") {
                try await harness.state(sequence) == .unhandled
            }
        }
        #expect(try await harness.memory.entry(sequence)?.reason?.code == reason)
        #expect(harness.calls.calls.isEmpty)
    }

    @Test func `what is no event keeps its fault and is handed to nobody`() async throws {
        let sequence = try await harness.append(Happened.delivered("{", id: "wh_1"))
        let last = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain("files", ["fetch"])])]) {
            try await harness.until("the later event is done") {
                try await harness.state(last) == .done
            }
        }
        #expect(try await harness.memory.entry(sequence)?.reason?.code == "not_json")
        #expect(harness.calls.words == ["fetch v1"])
    }

    @Test func `a step that the configuration lost dies and can be retried later`() async throws {
        let gate = Gate()
        let waiting = Chain(
            "files",
            on: [.videoCompleted],
            steps: [
                Step(
                    "fetch",
                    harness.handler { _, _ in
                        await gate.pass()
                        return .retry(Reason("cancelled"))
                    }
                ),
                Step("store", harness.handler()),
            ]
        )
        let sequence = try await harness.append(Happened.observed("v1"))
        let other = try await harness.append(Happened.observed("v2", .failed))
        let failing = chain("gone", ["notify"], on: [.videoFailed])
        try await harness.running([
            harness.dispatcher(
                [waiting, failing],
                DispatcherConfiguration(concurrency: 1, grace: .zero)
            )
        ]) {
            try await harness.until("the handler is at work") { gate.arrivals == 1 }
        }
        try await harness.running([harness.dispatcher([chain("files", ["store"])])]) {
            try await harness.until("both are dead") {
                let states = try await [harness.state(sequence), harness.state(other)]
                return states == [.dead, .dead]
            }
        }
        #expect(try await harness.memory.entry(sequence)?.reason?.code == "unknown_step")
        #expect(try await harness.memory.entry(other)?.reason?.code == "unknown_chain")
    }

    @Test func `the log says why a step is tried again, and why it is given up`() async throws {
        let handler = harness.handler { _, context in
            context.attempt == 1
                ? .retry(after: .seconds(1), Reason("target_busy", "HTTP status 503"))
                : .giveUp(Reason("target_gone", "HTTP status 410"))
        }
        let chain = Chain("files", on: [.videoCompleted], steps: [Step("notify", handler)])
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("it is dead") {
                try await harness.state(sequence) == .dead
            }
        }
        let lines = harness.sink.records.compactMap { record in
            record.fields.first { $0.key == "reason" }.map { (record, $0.value) }
        }
        let again = try #require(lines.first { $0.0.message == "step failed, to be tried again" })
        #expect(again.1 == .string("target_busy: HTTP status 503"))
        let end = try #require(lines.first { $0.0.message == "step given up" })
        #expect(end.1 == .string("target_gone: HTTP status 410"))
        #expect(end.0.level == .warning)
    }

    private func chain(
        _ name: String,
        _ steps: [String],
        on types: [EventType] = [.videoCompleted]
    ) -> Chain {
        Chain(name, on: types, steps: steps.map { Step($0, harness.handler()) })
    }
}
