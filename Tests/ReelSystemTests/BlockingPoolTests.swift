import ReelRuntime
import ReelSystem
import Testing

struct BlockingPoolTests {
    @Test func `work runs off the caller's thread and its result and error come back`() async throws
    {
        let pool = BlockingPool(threadCount: 2)
        #expect(await pool.run { 6 * 7 } == 42)
        await #expect(throws: SystemError(function: "open", number: 2)) {
            try await pool.run { () throws(SystemError) in try File.open("/no/such", .read) }
        }
        pool.close()
    }

    @Test func `more callers than the queue holds all get their turn`() async {
        let pool = BlockingPool(threadCount: 1, queueCapacity: 4)
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 1...200 { group.addTask { await pool.run { number } } }
            return await group.reduce(0, +)
        }
        #expect(sum == 20_100)
        pool.close()
    }
}
