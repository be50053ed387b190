import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherLaneTests {
    private let harness = DispatcherHarness()

    /// Who is told of what, and who does not answer.
    private final class Targets: Sendable {
        let out: Locked<Set<String>>
        let told = Locked<[String]>([])

        init(out: Set<String>) { self.out = Locked(out) }

        func tell(_ name: String, of event: Event) -> Outcome {
            if out.withLock({ $0.contains(name) }) {
                return .retry(Reason("target_refused"))
            }
            told.withLock { $0.append("\(name) \(event.sequence)") }
            return .done()
        }
    }

    private struct Telling: Handler {
        let name: String
        let targets: Targets

        func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
            targets.tell(name, of: event)
        }

        func target(of event: Event) -> String? { "notify:\(name)" }
    }

    private func telling(_ name: String, _ targets: Targets, inTurn: Bool = false) -> Step {
        Step(
            name,
            Telling(name: name, targets: targets),
            retry: RetryPolicy(attempts: 8, schedule: Array(repeating: .seconds(300), count: 7)),
            lane: inTurn ? nil : "notify:\(name)"
        )
    }

    private func chain(_ steps: [Step]) -> Chain {
        Chain("files", on: [.videoCompleted, "video.progress"], steps: steps)
    }

    @Test func `a target that is out holds up no other, however long`() async throws {
        let targets = Targets(out: ["a"])
        let files = chain([
            Step("store", harness.handler()), telling("a", targets), telling("b", targets),
        ])
        let sequence = try await harness.append(Happened.observed("v1"))
        let start = harness.time.now()
        try await harness.running([harness.dispatcher([files])]) {
            try await harness.until("the other is told") {
                targets.told.withLock { $0 } == ["b \(sequence)"]
            }
            #expect(harness.time.now() - start < .seconds(1))
            try await harness.until("half an hour has passed") {
                harness.time.now() - start > .seconds(1800)
            }
            #expect(try await harness.state(sequence) == .waiting)
            #expect(try await harness.steps(sequence).map(\.state) == [.done, .waiting, .done])
            targets.out.withLock { $0 = [] }
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(targets.told.withLock { $0 } == ["b \(sequence)", "a \(sequence)"])
    }

    @Test func `nobody is told before what comes before is done`() async throws {
        let targets = Targets(out: [])
        let gate = Gate()
        let files = chain([
            Step(
                "store",
                harness.handler { _, _ in
                    await gate.pass()
                    return .done()
                }
            ), telling("a", targets), telling("b", targets),
        ])
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([files])]) {
            try await harness.until("it is being stored") { gate.arrivals == 1 }
            #expect(targets.told.withLock { $0 }.isEmpty)
            gate.open()
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(Set(targets.told.withLock { $0 }) == ["a \(sequence)", "b \(sequence)"])
    }

    @Test func `a command after two targets waits for both`() async throws {
        let targets = Targets(out: ["a"])
        let files = chain([
            telling("a", targets), telling("b", targets), Step("run", harness.handler()),
        ])
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([files])]) {
            try await harness.until("a is tried a second time") {
                try await harness.steps(sequence).first.map { $0.attempts >= 2 } ?? false
            }
            #expect(targets.told.withLock { $0 } == ["b \(sequence)"])
            #expect(harness.calls.calls.isEmpty)
            targets.out.withLock { $0 = [] }
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(harness.calls.words == ["run v1"])
    }

    @Test func `a target in turn waits for the one before it`() async throws {
        let targets = Targets(out: ["a"])
        let files = chain([telling("a", targets), telling("b", targets, inTurn: true)])
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([files])]) {
            try await harness.until("a is tried a second time") {
                try await harness.steps(sequence).first.map { $0.attempts >= 2 } ?? false
            }
            #expect(targets.told.withLock { $0 }.isEmpty)
            targets.out.withLock { $0 = [] }
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(targets.told.withLock { $0 } == ["a \(sequence)", "b \(sequence)"])
    }

    @Test func `events of one video reach each target in order`() async throws {
        let targets = Targets(out: ["a"])
        let files = chain([
            Step("store", harness.handler()), telling("a", targets), telling("b", targets),
        ])
        var sequences: [Int64] = []
        for number in 1...4 {
            sequences.append(
                try await harness.append(
                    Happened.delivered(type: "video.progress", video: "v1", id: "wh_\(number)")
                )
            )
        }
        let expected = sequences
        try await harness.running([harness.dispatcher([files])]) {
            try await harness.until("the other has heard of all") {
                targets.told.withLock { $0 } == expected.map { "b \($0)" }
            }
            targets.out.withLock { $0 = [] }
            try await harness.until("the last is done") {
                try await harness.state(expected[3]) == .done
            }
        }
        let told = targets.told.withLock { $0 }.filter { $0.hasPrefix("a") }
        #expect(told == sequences.map { "a \($0)" })
        #expect(harness.calls.words.count == 4)
    }

    @Test func `one that gives up is retried alone`() async throws {
        let targets = Targets(out: ["a"])
        let files = chain([telling("a", targets), telling("b", targets)])
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([files])]) {
            try await harness.until("it is a dead letter") {
                try await harness.state(sequence) == .dead
            }
            targets.out.withLock { $0 = [] }
            _ = try await harness.memory.retryDead([sequence], at: harness.time.now())
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(targets.told.withLock { $0 } == ["b \(sequence)", "a \(sequence)"])
    }
}
