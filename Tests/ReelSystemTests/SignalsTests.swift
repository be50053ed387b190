import Glibc
import ReelSystem
import Testing

@Suite(.serialized)
struct SignalsTests {
    @Test func `each consumer sees a signal that was sent`() async {
        let first = Signals([.hangup])
        let second = Signals([.hangup, .interrupt])
        kill(getpid(), SIGHUP)
        for signals in [first, second] {
            var iterator = signals.makeAsyncIterator()
            #expect(await iterator.next() == .hangup)
        }
    }

    @Test func `a write to a closed pipe is an error rather than the end`() {
        Signals.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        close(ends[0])
        var byte: UInt8 = 1
        #expect(unsafe write(ends[1], &byte, 1) == -1)
        #expect(errno == EPIPE)
        close(ends[1])
    }
}
