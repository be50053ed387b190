import ReelRuntime
import Testing

struct TimeSourceTests {
    @Test func `the machine's clocks run`() async throws {
        let time = SystemTimeSource()
        let (before, start) = (time.uptime(), time.now())
        try await time.sleep(for: .milliseconds(2))
        #expect(time.uptime() - before >= .milliseconds(2))
        #expect(start > Timestamp(rfc3339: "2024-01-01T00:00:00Z") ?? start)
    }

    @Test func `a cancelled sleep ends with its error`() async {
        let task = Task { try await SystemTimeSource().sleep(for: .seconds(600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
