import ReelSystem
import Testing

@testable import ReelHTTPServer

struct BodyPaceTests {
    private let graceEnd = Deadline.now()

    private func after(_ span: Duration) -> Deadline {
        graceEnd.advanced(by: Deadline.Span(span))
    }

    /// However small the pieces, the deadline is the grace and what all bytes are worth, less a
    /// nanosecond: who sends at any higher rate is always ahead of it.
    @Test(arguments: [1, 7, 45, 49, 1_460, 65_536], [256, 50_000, 3_000_000])
    func `small pieces are worth as much as large ones`(piece: Int, rate: Int) {
        var pace = BodyPace(bytesPerSecond: rate, graceEnd: graceEnd)
        for count in 1...20_000 {
            pace.received(piece)
            let earned = Int64(count * piece) * 1_000_000_000 / Int64(rate)
            guard pace.deadline != after(.nanoseconds(earned)) else { continue }
            Issue.record("after \(count) pieces")
            return
        }
    }

    @Test func `who is slower runs into the deadline`() {
        var pace = BodyPace(bytesPerSecond: 1_000, graceEnd: graceEnd)
        #expect(pace.deadline == graceEnd)
        for _ in 0..<5 { pace.received(100) }
        #expect(pace.deadline == after(.milliseconds(500)))
    }

    @Test func `content without end has a deadline all the same`() {
        var pace = BodyPace(bytesPerSecond: 1, graceEnd: graceEnd)
        pace.received(.max / 2)
        #expect(pace.deadline == .never)
    }
}
