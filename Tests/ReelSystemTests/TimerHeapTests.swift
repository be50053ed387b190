import ReelRuntime
import Testing

@testable import ReelSystem

struct TimerHeapTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `what is due comes out in the order of the deadlines`(seed: UInt64) {
        let random = SeededRandomSource(seed: seed)
        var heap = TimerHeap<Int64>()
        let times = (0..<500).map { _ in Int64(random.below(1000)) }
        for time in times { heap.insert(Deadline(nanoseconds: time), time) }
        var taken: [Int64] = []
        while let time = heap.takeDue(Deadline(nanoseconds: 600)) { taken.append(time) }
        #expect(taken == times.filter { $0 <= 600 }.sorted())
        #expect(heap.count == times.count(where: { $0 > 600 }))
    }

    @Test func `a wait is rounded up to a millisecond and held within range`() {
        let start = Deadline(nanoseconds: 5)
        #expect(Deadline(nanoseconds: 5).milliseconds(from: start) == 0)
        #expect(Deadline(nanoseconds: 6).milliseconds(from: start) == 1)
        #expect(Deadline(nanoseconds: 1_000_005).milliseconds(from: start) == 1)
        #expect(Deadline.never.milliseconds(from: start) == .max)
        #expect(start.advanced(by: Deadline.Span(.seconds(Int64.max))) == .never)
    }
}
