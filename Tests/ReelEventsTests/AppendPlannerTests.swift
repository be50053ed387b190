import JournalConformance
import ReelEvents
import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct AppendPlannerTests {
    private let harness = DispatcherHarness()

    private static let types = [
        "video.completed", "video.failed", "batch.completed", "somebody.elses",
    ]

    private func chains(_ harness: DispatcherHarness) -> [Chain] {
        [Chain("files", on: [.videoCompleted], steps: [Step("fetch", harness.handler())])]
    }

    private func drafts() throws -> [EntryDraft] {
        var drafts: [EntryDraft] = []
        for type in Self.types {
            let number = drafts.count
            let id = "wh_\(number)"
            drafts.append(try Happened.delivered(type: type, video: "v\(number)", id: id))
        }
        drafts.append(try Happened.delivered("no JSON", id: "wh_last"))
        return drafts
    }

    @Test func `an event is planned at its append as it would be after`() async throws {
        let later = DispatcherHarness()
        for draft in try drafts() { try await later.append(draft) }
        try await later.running([later.dispatcher(chains(later))]) {
            try await later.until("all is planned") {
                var query = EntryQuery()
                query.isUnplanned = true
                let isPlanned = try await later.memory.entries(query).isEmpty
                return try await later.state(1) == .done && isPlanned
            }
        }
        harness.journal.planAppends(by: harness.dispatcher(chains(harness)).planner)
        for draft in try drafts() { try await harness.append(draft) }
        for sequence in 1...Int64(Self.types.count + 1) {
            let planned = try #require(try await harness.memory.entry(sequence))
            let reference = try #require(try await later.memory.entry(sequence))
            #expect(planned.reason == reference.reason)
            #expect(planned.state == (sequence == 1 ? .pending : reference.state))
            let steps = try await harness.steps(sequence).map(\.name)
            let expected = try await later.steps(sequence).map(\.name)
            #expect(steps == expected)
        }
        for result in ["planned", "unhandled"] {
            let counts = [harness, later].map { harness in
                harness.metrics.counter(
                    "reelhook_events_planned_total",
                    help: "",
                    labels: ["result": result]
                ).value
            }
            #expect(counts[0] == counts[1] && counts[0] > 0)
        }
    }

    @Test func `a planned append is worked on, and one without work wakes no dispatcher`()
        async throws
    {
        let asked = Locked([String]())
        harness.driver.refuse { name in
            asked.withLock { $0.append(name) }
            return nil
        }
        let dispatcher = harness.dispatcher(chains(harness))
        harness.journal.planAppends(by: dispatcher.planner)
        var news = harness.journal.wakeUps().makeAsyncIterator()
        try await harness.running([dispatcher]) {
            let sequence = try await harness.append(Happened.observed("v1"))
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
            // The dispatcher and its keeper sleep: nothing is left to do.
            for _ in 0..<1000 { await Task.yield() }
            let idle = asked.withLock { $0.count }
            for draft in try drafts().dropFirst() { try await harness.append(draft) }
            for _ in 0..<1000 { await Task.yield() }
            let since = asked.withLock { $0.dropFirst(idle) }
            #expect(Set(since) == ["append"])
        }
        #expect(asked.withLock { !$0.contains("plan") })
        let heard: Void? = await news.next()
        #expect(heard != nil)
    }

    @Test func `followers hear of an append that made no work`() async throws {
        harness.journal.planAppends(by: harness.dispatcher(chains(harness)).planner)
        var news = harness.journal.wakeUps().makeAsyncIterator()
        try await harness.append(Happened.delivered(type: "batch.failed", video: "v", id: "wh_1"))
        let heard: Void? = await news.next()
        #expect(heard != nil)
    }
}
