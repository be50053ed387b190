import ReelRuntime
import Testing

struct BlockingQueueTests {
    @Test func `elements come out in their order, as many as asked for`() {
        let queue = BlockingQueue<Int>(capacity: 8)
        for element in 0..<5 { #expect(queue.put(element) == .queued) }
        #expect(queue.take(atMost: 2) == [0, 1])
        #expect(queue.count == 3)
        #expect(queue.take(atMost: 100) == [2, 3, 4])
        #expect(queue.count == 0)
    }

    @Test func `a full queue says so and takes again once there is room`() {
        let queue = BlockingQueue<Int>(capacity: 2)
        #expect(queue.put(1) == .queued)
        #expect(queue.put(2) == .queued)
        #expect(queue.put(3) == .full)
        #expect(queue.take(atMost: 1) == [1])
        #expect(queue.put(4) == .queued)
        #expect(queue.take(atMost: 9) == [2, 4])
    }

    @Test func `a closed queue is drained and then empty`() {
        let queue = BlockingQueue<Int>(capacity: 2)
        _ = queue.put(1)
        queue.close()
        queue.close()
        #expect(queue.put(2) == .closed)
        #expect(queue.take(atMost: 9) == [1])
        #expect(queue.take(atMost: 9) == [])
    }

    @Test func `closing wakes the thread that waits`() {
        let queue = BlockingQueue<Int>(capacity: 1)
        let taken = Locked<[[Int]]>([])
        let thread = NamedThread("taker") {
            let elements = queue.take(atMost: 1)
            taken.withLock { $0.append(elements) }
        }
        queue.close()
        thread.join()
        #expect(taken.withLock { $0 } == [[]])
    }

    @Test func `what several threads put is taken once, each in its order`() {
        let queue = BlockingQueue<(producer: Int, number: Int)>(capacity: 16)
        let taken = Locked<[(producer: Int, number: Int)]>([])
        let taker = NamedThread("taker") {
            while true {
                let elements = queue.take(atMost: 5)
                guard !elements.isEmpty else { return }
                taken.withLock { $0 += elements }
            }
        }
        let producers = (0..<3).map { producer in
            NamedThread("put-\(producer)") {
                for number in 0..<500 {
                    while queue.put((producer, number)) == .full {}
                }
            }
        }
        for producer in producers { producer.join() }
        queue.close()
        taker.join()
        let all = taken.withLock { $0 }
        #expect(all.count == 1500)
        for producer in 0..<3 {
            #expect(all.filter { $0.producer == producer }.map(\.number) == Array(0..<500))
        }
    }
}
