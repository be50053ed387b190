import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DispatcherRestTests {
    private let harness = DispatcherHarness()

    @Test func `a step that begins after a long rest keeps its lease`() async throws {
        let handler = harness.handler { [time = harness.time] _, _ in
            try? await time.sleep(for: .seconds(300))
            return .done()
        }
        let chain = Chain("files", on: [.videoCompleted], steps: [Step("fetch", handler)])
        let configuration = DispatcherConfiguration(safetyInterval: .seconds(300))
        let dispatchers = [UInt64(1), 2].map { seed in
            harness.dispatcher([chain], configuration, seed: seed)
        }
        try await harness.running(dispatchers) {
            let rested = harness.time.uptime() + .seconds(7200)
            try await harness.until("two hours are over") {
                harness.time.uptime() >= rested
            }
            let sequence = try await harness.append(Happened.observed("v1"))
            try await harness.until("it is done") {
                try await harness.state(sequence) == .done
            }
        }
        // The other one would have taken it over after a minute without a heartbeat.
        #expect(harness.calls.calls.map(\.attempt) == [1])
        #expect(harness.calls.collisions.isEmpty)
    }
}
