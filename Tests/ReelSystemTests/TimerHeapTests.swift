import Glibc
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

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `entries are moved and removed, and the order holds`(seed: UInt64) {
        let random = SeededRandomSource(seed: seed)
        var heap = TimerHeap<Int>()
        var deadlines: [Int: Int64] = [:]
        var handles: [Int: TimerHeap<Int>.Handle] = [:]
        for step in 0..<2_000 {
            let time = Int64(random.below(1_000))
            let chosen = handles.keys.sorted().dropFirst(Int(random.below(8))).first
            switch (random.below(4), chosen) {
            case (1, let chosen?):
                if let handle = handles[chosen] { heap.move(handle, to: .init(nanoseconds: time)) }
                deadlines[chosen] = time
            case (2, let chosen?):
                if let handle = handles.removeValue(forKey: chosen) { heap.remove(handle) }
                deadlines[chosen] = nil
            default:
                handles[step] = heap.insert(Deadline(nanoseconds: time), step)
                deadlines[step] = time
            }
            #expect(heap.earliest?.nanoseconds == deadlines.values.min())
            #expect(heap.count == deadlines.count)
        }
        var taken: [Int64] = []
        while let element = heap.takeDue(.never) { taken.append(deadlines[element] ?? -1) }
        #expect(taken == deadlines.values.sorted())
    }

    @Test func `who waits a thousand times has one timer, and none once its socket is closed`()
        throws
    {
        let core = try LoopCore()
        var ends: [Int32] = [0, 0]
        try unsafe #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let registration = try core.register(ends[0])
        var now = core.now
        var counts: [Int] = []
        var rung = 0
        for _ in 0..<1_000 {
            // A short wait that times out, and then a long one that does not.
            registration.exhausted(.reading)
            now = now.advanced(by: Deadline.Span(.milliseconds(200)))
            registration.watchReading(until: now) { rung += 1 }
            core.ring(now)
            let idleEnd = now.advanced(by: Deadline.Span(.seconds(60)))
            registration.watchReading(until: idleEnd) {}
            registration.interruptReading()
            counts.append(core.timers.count)
        }
        #expect(rung == 1_000)
        #expect(counts.max() == 1)
        core.unregister(registration, ends[0])
        #expect(core.timers.count == 0)
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
