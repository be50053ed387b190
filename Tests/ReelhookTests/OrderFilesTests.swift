import ReelAssets
import ReelConsole
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

@testable import Reelhook

struct OrderFilesTests {
    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let time = ManualTime(now: SystemTimeSource().now())
    private let key = String(repeating: "ab", count: 32)

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// The orders as a service finds them that was just started.
    private func start(
        disk: any Disk = SystemDisk(),
        countMax: Int = 10_000
    ) throws -> OrderFiles {
        try OrderFiles(directory.path, disk: disk, pool: pool, time: time, countMax: countMax)
    }

    private var names: [String] {
        get throws { try FileTree.list(directory.file(".orders")).sorted() }
    }

    @Test func `an order that was under way at a crash is unresolved afterwards`() async throws {
        let moment = time.now()
        try await start().begin(key, at: moment)
        time.advance(by: .seconds(90))
        let found = try #require(try start().unresolved(key))
        #expect(found.sentAt > moment - .seconds(5) && found.sentAt < moment + .seconds(60))
        // Nobody has waited for the answer any more since then at the latest.
        #expect(found.unknownSince == time.now())
        #expect(try start().unresolved("another") == nil)
    }

    @Test func `a settled order leaves nothing`() async throws {
        let orders = try start()
        try await orders.begin(key, at: time.now())
        await orders.settle(key)
        #expect(orders.unresolved(key) == nil)
        #expect(try names.isEmpty)
        #expect(try start().unresolved(key) == nil)
    }

    @Test func `of the same order twice, one that is settled hides not the other`() async throws {
        let orders = try start()
        let first = time.now()
        try await orders.begin(key, at: first)
        try await orders.begin(key, at: first + .seconds(9))
        await orders.settle(key)
        #expect(try start().unresolved(key) != nil)
        orders.leave(key, at: first + .seconds(12))
        #expect(orders.unresolved(key)?.sentAt == first)
        try await orders.begin(key, at: first + .seconds(20))
        await orders.settle(key)
        #expect(orders.unresolved(key) == nil)
        #expect(try names.isEmpty)
    }

    @Test func `an unknown outcome is looked for from the first sending on`() async throws {
        let orders = try start()
        let first = time.now()
        try await orders.begin(key, at: first)
        orders.leave(key, at: first + .seconds(30))
        try await orders.begin(key, at: first + .seconds(60))
        orders.leave(key, at: first + .seconds(90))
        let found = try #require(orders.unresolved(key))
        #expect(found.sentAt == first)
        #expect(found.unknownSince == first + .seconds(90))
    }

    @Test func `after an hour an order is given up, here and on disk`() async throws {
        let orders = try start()
        try await orders.begin(key, at: time.now())
        orders.leave(key, at: time.now())
        time.advance(by: .seconds(3600))
        #expect(orders.unresolved(key) != nil)
        time.advance(by: .seconds(1))
        #expect(orders.unresolved(key) == nil)
        try await orders.begin("another", at: time.now())
        #expect(try names == ["another"])
        // The clock of the files is not the one that was moved.
        try FileTree.setModificationTime(directory.file(".orders/another"), time.now())
        // And one that nobody asks for any more goes at the next start.
        try await start().begin(key, at: time.now())
        try FileTree.setModificationTime(
            directory.file(".orders/" + key),
            time.now() - .seconds(3700)
        )
        #expect(try start().unresolved(key) == nil)
        #expect(try names == ["another"])
    }

    @Test func `too many unknown outcomes crowd out the oldest and never the next`() async throws {
        let orders = try start(countMax: 3)
        for number in 0..<10 {
            time.advance(by: .seconds(1))
            try await orders.begin("order\(number)", at: time.now())
            orders.leave("order\(number)", at: time.now())
        }
        let known = (0..<10).filter { orders.unresolved("order\($0)") != nil }
        #expect(known == [7, 8, 9])
        #expect(try names == ["order7", "order8", "order9"])
        #expect(try start(countMax: 2).unresolved("order7") == nil)
    }

    @Test func `an order that cannot be written down is not under way`() async throws {
        let disk = BreakingDisk(after: 100)
        let orders = try start(disk: disk)
        var failed = 0
        for number in 0..<40 {
            do throws(OrderLedgerError) {
                try await orders.begin("order\(number)", at: time.now())
                await orders.settle("order\(number)")
            } catch {
                failed += 1
                #expect(orders.unresolved("order\(number)") == nil)
            }
        }
        #expect(failed > 0)
    }
}
