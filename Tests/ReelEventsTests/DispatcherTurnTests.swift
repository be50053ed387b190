import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

/// A target that takes what it is told and does not answer leaves room for the others.
@Suite(.timeLimit(.minutes(1)))
struct DispatcherTurnTests {
    private let harness = DispatcherHarness()
    private let gate = Gate()
    private let configuration = DispatcherConfiguration(concurrency: 4)

    /// Tells a target, which answers at once or when the gate is open.
    private struct Telling: Handler {
        let name: String
        let calls: CallLog
        var gate: Gate?
        var needsLink = false

        func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
            await ScriptedHandler(calls) { _, _ in
                await gate?.pass()
                return .done()
            }.handle(event, context)
        }

        func target(of event: Event) -> String? { name }
    }

    /// Tells one that hangs and two that do not, each by itself.
    private var chain: Chain {
        Chain(
            "tell",
            on: [.videoCompleted],
            steps: [
                Step("hangs", Telling(name: "a", calls: harness.calls, gate: gate), lane: "a"),
                Step("second", Telling(name: "b", calls: harness.calls), lane: "b"),
                Step("third", Telling(name: "c", calls: harness.calls), lane: "c"),
            ]
        )
    }

    private func count(_ step: String) -> Int {
        harness.calls.calls.count { $0.step == step }
    }

    private func sequences(_ step: String) -> [Int64] {
        harness.calls.calls.filter { $0.step == step }.map(\.sequence)
    }

    @Test func `a target that hangs holds half of the slots, and the others are told`()
        async throws
    {
        for number in 1...40 { try await harness.append(Happened.observed("v\(number)")) }
        let start = harness.time.uptime()
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("the others are told") {
                count("second") == 40 && count("third") == 40
            }
            #expect(harness.time.uptime() - start < .seconds(1))
            #expect(count("hangs") == 2)
            let waiting = try await harness.steps(40).first { $0.name == "hangs" }
            #expect(waiting?.reason == Reason("waiting_for_turn", "a"))
            #expect(waiting?.attempts == 0)

            // Once it answers, each follows the one before it at once, in the order of the events.
            let opened = harness.time.uptime()
            gate.open()
            try await harness.until("all are told") { count("hangs") == 40 }
            #expect(harness.time.uptime() - opened < .seconds(1))
            // Two at a time, of which either may be the first.
            let order = zip(sequences("hangs"), Int64(1)...40)
            #expect(order.allSatisfy { abs($0 - $1) <= 1 }, "\(sequences("hangs"))")
        }
        #expect(try await harness.memory.outlook().openRunCount == 0)
        for sequence in Int64(1)...40 {
            #expect(try await harness.memory.attemptCount(of: sequence) == 3)
        }
    }

    @Test func `a target has the turns that the configuration gives it`() async throws {
        let configuration = DispatcherConfiguration(concurrency: 8, targetConcurrency: 3)
        for number in 1...20 { try await harness.append(Happened.observed("v\(number)")) }
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("the others are told") { count("third") == 20 }
            #expect(count("hangs") == 3)
            gate.open()
            try await harness.until("all are told") { count("hangs") == 20 }
        }
    }

    @Test func `a restart forgets nobody who waits for a turn`() async throws {
        for number in 1...9 { try await harness.append(Happened.observed("v\(number)")) }
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("the others are told") { count("third") == 9 }
            try await harness.until("they wait") {
                try await harness.steps(9).first?.reason?.code == "waiting_for_turn"
            }
        }
        gate.open()
        let start = harness.time.uptime()
        try await harness.running([harness.dispatcher([chain], configuration, seed: 2)]) {
            try await harness.until("all are told") {
                try await harness.memory.outlook().openRunCount == 0
            }
            #expect(harness.time.uptime() - start < .seconds(20))
        }
    }

    @Test func `those who wait for a turn wait behind the breaker once it opens`() async throws {
        let isOut = Locked(true)
        let out = Chain(
            "tell",
            on: [.videoCompleted],
            steps: [
                Step(
                    "hangs",
                    Failing(gate: gate, isOut: isOut),
                    retry: RetryPolicy(attempts: 3, base: .seconds(1))
                )
            ]
        )
        for number in 1...30 { try await harness.append(Happened.observed("v\(number)")) }
        try await harness.running([harness.dispatcher([out], configuration)]) {
            try await harness.until("two are at it") { gate.arrivals == 2 }
            let opened = harness.time.uptime()
            gate.open()
            try await harness.until("all wait behind it") {
                var waiting = 0
                for sequence in Int64(1)...30 {
                    let reason = try await harness.memory.entry(sequence)?.reason
                    waiting += reason?.code == BreakerRecord.waitingCode ? 1 : 0
                }
                return waiting >= 29
            }
            #expect(harness.time.uptime() - opened < .seconds(60))
            isOut.withLock { $0 = false }
            try await harness.until("all are told") {
                try await harness.memory.outlook().openRunCount == 0
            }
        }
        #expect(try await harness.memory.outlook().deadRunCount == 0)
    }

    @Test func `a link in its last moments waits for no turn`() async throws {
        let fetching = Telling(name: "a", calls: harness.calls, gate: gate, needsLink: true)
        let chain = Chain("fetch", on: [.videoCompleted], steps: [Step("hangs", fetching)])
        let configuration = DispatcherConfiguration(concurrency: 4, targetConcurrency: 1)
        try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("one is at it") { count("hangs") == 1 }
            let start = harness.time.uptime()
            for (video, life) in [("v2", 600), ("v3", 10)] as [(String, Int64)] {
                var news = JobUpdate(
                    provider: "openai",
                    id: video.videoID,
                    origin: .event,
                    moment: harness.time.now()
                )
                news.expiresAt = harness.time.now() + .seconds(life)
                _ = try await harness.memory.record(news)
                try await harness.append(Happened.observed(video))
            }
            try await harness.until("another is at it") { count("hangs") == 2 }
            #expect(sequences("hangs") == [1, 3])
            #expect(harness.time.uptime() - start < .seconds(1))
            gate.open()
            try await harness.until("all are done") {
                try await harness.memory.outlook().openRunCount == 0
            }
        }
    }

    /// Does not answer until the gate is open, and is out then for as long as it is.
    private struct Failing: Handler {
        let gate: Gate
        let isOut: Locked<Bool>

        func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
            await gate.pass()
            return isOut.withLock { $0 } ? .unavailable(Reason("out")) : .done()
        }

        func target(of event: Event) -> String? { "a" }
    }
}
