import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherOrderTests {
    private let harness = DispatcherHarness()
    private static let news: EventType = "video.progress"

    @Test func `events of one video run in order, those of others meanwhile`() async throws {
        for number in 1...5 {
            for video in ["v1", "v2", "v3"] {
                let draft = try Happened.delivered(
                    type: "video.progress",
                    video: video,
                    id: "wh_\(video)_\(number)"
                )
                try await harness.append(draft)
            }
        }
        let chain = slowChain("news", ["look", "tell"], on: [Self.news])
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("all are done") { try await allAreDone() }
        }
        #expect(harness.calls.collisions.isEmpty)
        #expect(harness.calls.atWorkMax == 3)
        for video in ["v1", "v2", "v3"] {
            let own = harness.calls.calls.filter { $0.video == video }.map(\.sequence)
            #expect(own == own.sorted())
            #expect(own.count == 10)
        }
    }

    @Test func `a dead event lets the later ones of its video pass`() async throws {
        let first = try await harness.append(
            Happened.delivered(type: "video.progress", video: "v1", id: "wh_1")
        )
        let second = try await harness.append(Happened.observed("v1"))
        let chain = Chain(
            "files",
            on: [Self.news, .videoCompleted],
            steps: [
                Step(
                    "look",
                    harness.handler { event, _ in
                        event.type == Self.news ? .giveUp(Reason("refused")) : .done()
                    }
                )
            ]
        )
        try await harness.running([harness.dispatcher([chain])]) {
            try await harness.until("the later event is done") {
                try await harness.state(second) == .done
            }
        }
        #expect(try await harness.state(first) == .dead)
    }

    @Test func `the chains of one event run side by side`() async throws {
        let gate = Gate()
        let chains = ["files", "ledger"].map { name in
            Chain(
                name,
                on: [.videoCompleted],
                steps: [
                    Step(
                        "work",
                        harness.handler { _, _ in
                            await gate.pass()
                            return .done()
                        }
                    )
                ]
            )
        }
        let sequence = try await harness.append(Happened.observed("v1"))
        try await harness.running([harness.dispatcher(chains)]) {
            try await harness.until("both are at work") { gate.arrivals == 2 }
            gate.open()
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        #expect(Set(harness.calls.calls.map(\.id)).count == 2)
    }

    @Test func `no more runs are at work than the configuration allows`() async throws {
        for number in 1...60 {
            try await harness.append(Happened.observed("v\(number)"))
        }
        let chain = slowChain("files", ["fetch"], on: [.videoCompleted])
        let configuration = DispatcherConfiguration(concurrency: 4, claimBatch: 3, planBatch: 7)
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("all are done") { try await allAreDone() }
        }
        #expect(harness.calls.atWorkMax == 4)
        #expect(harness.calls.calls.count == 60)
    }

    @Test func `two dispatchers on one journal never do a step twice`() async throws {
        for number in 1...40 {
            try await harness.append(Happened.observed("v\(number)"))
        }
        let chain = slowChain("files", ["fetch", "store", "notify"], on: [.videoCompleted])
        let configuration = DispatcherConfiguration(concurrency: 8)
        let dispatchers = [
            harness.dispatcher([chain], configuration, seed: 1),
            harness.dispatcher([chain], configuration, seed: 2),
        ]
        try await harness.running(dispatchers) {
            try await harness.until("all are done") {
                try await allAreDone()
            }
        }
        #expect(harness.calls.collisions.isEmpty)
        #expect(harness.calls.calls.count == 120)
        #expect(Set(harness.calls.words).count == 120)
    }

    private func allAreDone() async throws -> Bool {
        var query = EntryQuery()
        query.states = [.done]
        return try await harness.memory.count(query) == harness.memory.lastSequence()
    }

    /// A chain whose handlers take from no time to four minutes, longer than a lease.
    private func slowChain(_ name: String, _ steps: [String], on types: [EventType]) -> Chain {
        let random = SeededRandomSource(seed: 11)
        return Chain(
            name,
            on: types,
            steps: steps.map { step in
                Step(
                    step,
                    harness.handler { [time = harness.time] _, _ in
                        try? await time.sleep(for: .seconds(Int64(random.below(240))))
                        return .done()
                    }
                )
            }
        )
    }
}
