import ReelRuntime
import Testing

struct HeldWakesTests {
    @Test func `wake-ups wait for the end of the outermost hold, in their order`() {
        let trace = Locked<[String]>([])
        func note(_ word: String) { trace.withLock { $0.append(word) } }
        HeldWakes.perform { note("at once") }
        HeldWakes.hold {
            HeldWakes.perform { note("first") }
            HeldWakes.hold {
                HeldWakes.perform { note("second") }
                note("inner")
            }
            note("outer")
        }
        HeldWakes.perform { note("at once again") }
        #expect(
            trace.withLock { $0 } == [
                "at once", "inner", "outer", "first", "second", "at once again",
            ]
        )
    }

    @Test func `a hold is the thread's own`() {
        let woken = Locked(false)
        HeldWakes.hold {
            let thread = NamedThread("other") { HeldWakes.perform { woken.withLock { $0 = true } } }
            thread.join()
            #expect(woken.withLock { $0 })
        }
    }
}
