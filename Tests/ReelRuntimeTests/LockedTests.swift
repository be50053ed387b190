import ReelRuntime
import Testing

struct LockedTests {
    private struct Refusal: Error {}

    @Test func `no change is lost between threads`() {
        let count = Locked(0)
        let threads = (0..<4).map { index in
            NamedThread("count-\(index)") {
                for _ in 0..<5000 { count.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(count.withLock { $0 } == 20_000)
    }

    @Test func `a throw lets the lock go and keeps what was changed`() {
        let count = Locked(0)
        #expect(throws: Refusal.self) {
            try count.withLock { (state: inout Int) throws(Refusal) in
                state = 1
                throw Refusal()
            }
        }
        #expect(count.withLock { $0 } == 1)
    }
}
