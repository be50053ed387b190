import ReelEvents
import ReelRuntime
import TestSupport
import Testing

struct DoorbellTests {
    private let bell = Doorbell()
    private let time = ManualTime()

    @Test func `a ring before the wait is kept, once`() async {
        bell.ring()
        bell.ring()
        await bell.wait(atMost: .seconds(60), time)
        #expect(time.uptime() == .zero)
        await withTaskGroup(of: Void.self) { [bell, time] group in
            group.addTask { await bell.wait(atMost: .seconds(60), time) }
            await time.waitForSleepers()
            time.advance(by: .seconds(60))
            await group.waitForAll()
        }
    }

    @Test func `a ring ends the wait`() async {
        await withTaskGroup(of: Void.self) { [bell, time] group in
            group.addTask { await bell.wait(atMost: .seconds(60), time) }
            await time.waitForSleepers()
            bell.ring()
            await group.waitForAll()
        }
        #expect(time.sleeperCount == 0)
    }

    @Test func `a cancelled wait ends, and a ring after it is kept for the next`() async {
        await withTaskGroup(of: Void.self) { [bell, time] group in
            group.addTask { await bell.wait(atMost: .seconds(60), time) }
            await time.waitForSleepers()
            group.cancelAll()
            await group.waitForAll()
        }
        bell.ring()
        await bell.wait(atMost: .seconds(60), time)
        #expect(time.uptime() == .zero)
    }

    @Test func `no ring is lost among many`() async {
        let rung = Locked(0)
        await withTaskGroup(of: Void.self) { [bell, time] group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<500 {
                        rung.withLock { $0 += 1 }
                        bell.ring()
                        await Task.yield()
                    }
                }
            }
            var seen = 0
            while seen < 4000 {
                await bell.wait(atMost: .seconds(60), time)
                seen = rung.withLock { $0 }
            }
        }
    }
}
