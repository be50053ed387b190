import ReelRuntime
import TestSupport
import Testing

struct ManualTimeTests {
    @Test func `time stands still until it is moved`() {
        let time = ManualTime(now: Timestamp(secondsSinceEpoch: 5))
        #expect(time.now() == Timestamp(secondsSinceEpoch: 5))
        #expect(time.uptime() == .zero)
        time.advance(by: .seconds(2))
        #expect(time.now() == Timestamp(secondsSinceEpoch: 7))
        #expect(time.uptime() == .seconds(2))
        time.setWall(to: Timestamp(secondsSinceEpoch: 1))
        #expect(time.now() == Timestamp(secondsSinceEpoch: 1))
        #expect(time.uptime() == .seconds(2))
    }

    @Test func `sleepers wake at their deadline, not before`() async throws {
        let time = ManualTime()
        let woken = Locked<[Int]>([])
        try await withThrowingTaskGroup { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await time.sleep(for: .seconds(seconds))
                    woken.withLock { $0.append(seconds) }
                }
            }
            await time.waitForSleepers(3)
            #expect(time.timeToNextSleeper == .seconds(1))
            time.advance(by: .milliseconds(999))
            #expect(time.sleeperCount == 3)
            for remaining in [2, 1, 0] {
                #expect(time.advanceToNextSleeper())
                #expect(time.sleeperCount == remaining)
                try await group.next()
            }
            #expect(!time.advanceToNextSleeper())
        }
        #expect(woken.withLock { $0 } == [1, 2, 3])
        #expect(time.uptime() == .seconds(3))
    }

    @Test func `a cancelled sleeper wakes with an error`() async {
        let time = ManualTime()
        let task = Task { try await time.sleep(for: .seconds(1)) }
        await time.waitForSleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(time.sleeperCount == 0)
    }

    @Test func `a sleep begun in a cancelled task does not begin`() async {
        let time = ManualTime()
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            try await time.sleep(for: .seconds(1))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `no span is no sleep`() async throws {
        try await ManualTime().sleep(for: .zero)
    }
}
