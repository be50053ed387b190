import ReelRuntime
import ReelSystem
import Testing

struct EventLoopTests {
    @Test func `a task that prefers the loop runs on its thread, before and after it was away`()
        async throws
    {
        let loop = try EventLoop()
        let pool = BlockingPool(threadCount: 1)
        await withTaskExecutorPreference(loop) {
            #expect(loop.isCurrent)
            let isElsewhere = await pool.run { !loop.isCurrent }
            #expect(isElsewhere)
            #expect(loop.isCurrent)
            await Task.yield()
            #expect(loop.isCurrent)
        }
        #expect(!loop.isCurrent)
        pool.close()
        loop.shutDown()
        loop.shutDown()
    }

    @Test func `sleepers wake in the order of their deadlines and not before`() async throws {
        let loop = try EventLoop()
        let order = Locked<[Int]>([])
        let start = Deadline.now()
        await withTaskGroup { group in
            for number in [3, 1, 2] {
                group.addTask(executorPreference: loop) {
                    let span = Deadline.Span(.milliseconds(4 * number))
                    await loop.sleep(until: start.advanced(by: span))
                    #expect(Deadline.now() >= start.advanced(by: span))
                    order.withLock { $0.append(number) }
                }
            }
        }
        #expect(order.withLock { $0 } == [1, 2, 3])
        loop.shutDown()
    }

    @Test func `work from many threads is all done`() async throws {
        let loop = try EventLoop()
        let count = Locked(0)
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 { loop.execute { count.withLock { $0 += 1 } } }
                }
            }
        }
        loop.shutDown()
        #expect(count.withLock { $0 } == 20_000)
    }

    @Test func `a busy task does not keep timers from ringing`() async throws {
        let loop = try EventLoop()
        let isOver = Locked(false)
        await withTaskGroup { group in
            group.addTask(executorPreference: loop) {
                while !isOver.withLock({ $0 }) { await Task.yield() }
            }
            group.addTask(executorPreference: loop) {
                await loop.sleep(until: .after(.milliseconds(2)))
                isOver.withLock { $0 = true }
            }
        }
        loop.shutDown()
    }
}
