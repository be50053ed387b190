import ReelJournal
import ReelRuntime
import Testing

@testable import ReelEvents

struct BreakerTests {
    private let start = Timestamp(secondsSinceEpoch: 1_000_000)
    private let rules = BreakerConfiguration(
        failureCountMax: 3,
        probeInterval: .seconds(10),
        longestWait: .seconds(600)
    )
    private let out = Reason("target_failed")

    private func fail(
        _ breaker: inout Breaker,
        at seconds: Int64,
        wait: Duration? = nil
    ) -> Breaker.Failure {
        breaker.failed(out, wait: wait, at: start + .seconds(seconds), rules, draw: 1).failure
    }

    @Test func `it opens after as many outages in a row as it is told`() {
        var breaker = Breaker()
        #expect(fail(&breaker, at: 0) == .counts)
        #expect(fail(&breaker, at: 0) == .doesNotCount)
        #expect(breaker.admit(at: start, rules, draw: 0) == .pass)
        #expect(fail(&breaker, at: 1) == .waits)
        #expect(breaker.state == .open)
        #expect(breaker.changedAt == start + .seconds(1))
        #expect(breaker.probeAt == start + .seconds(11))
    }

    @Test func `an answer between two outages begins the count anew`() {
        var breaker = Breaker()
        for round in 0..<10 {
            #expect(fail(&breaker, at: Int64(round)) == .counts)
            #expect(fail(&breaker, at: Int64(round)) == .doesNotCount)
            let moved = breaker.answered(at: start)
            #expect(!moved)
        }
        #expect(breaker.state == .closed)
    }

    @Test func `one event in each interval tries a target that is out`() {
        var breaker = Breaker()
        for _ in 0..<3 { _ = fail(&breaker, at: 0) }
        let early = breaker.admit(at: start + .seconds(9), rules, draw: 0.5)
        #expect(early == .wait(until: start + .seconds(15)))
        let probe = breaker.admit(at: start + .seconds(10), rules, draw: 1)
        #expect(probe == .pass)
        #expect(breaker.state == .halfOpen)
        let second = breaker.admit(at: start + .seconds(10), rules, draw: 0)
        #expect(second == .wait(until: start + .seconds(20)))
        // The probe is a download that takes its time.
        #expect(breaker.admit(at: start + .seconds(20), rules, draw: 1) == .pass)
        #expect(fail(&breaker, at: 21) == .waits)
        #expect(breaker.state == .open)
        #expect(breaker.probeAt == start + .seconds(31))
        #expect(breaker.changedAt == start)
    }

    @Test func `an answer closes it`() {
        var breaker = Breaker()
        for _ in 0..<3 { _ = fail(&breaker, at: 0) }
        _ = breaker.admit(at: start + .seconds(10), rules, draw: 1)
        let moved = breaker.answered(at: start + .seconds(12))
        #expect(moved)
        #expect(breaker.state == .closed)
        #expect(breaker.probeAt == nil)
        #expect(breaker.admit(at: start + .seconds(12), rules, draw: 0) == .pass)
        #expect(fail(&breaker, at: 13) == .counts)
    }

    @Test(arguments: [(60, 60), (5, 10), (86_400, 600)] as [(Int64, Int64)])
    func `a target that names its wait is left alone that long at once`(
        _ asked: Int64,
        _ until: Int64
    ) {
        var breaker = Breaker()
        #expect(fail(&breaker, at: 0, wait: .seconds(asked)) == .waits)
        #expect(breaker.probeAt == start + .seconds(until))
    }

    @Test func `many that wait are spread over more intervals`() {
        var breaker = Breaker()
        for _ in 0..<3 { _ = fail(&breaker, at: 0) }
        var latest = start
        for _ in 0..<1000 {
            guard case .wait(let until) = breaker.admit(at: start, rules, draw: 1) else { continue }
            latest = max(latest, until)
        }
        #expect(latest == start + .seconds(10 + 100))
    }

    @Test func `a restart goes on where it stood`() {
        var breaker = Breaker()
        for _ in 0..<3 { _ = fail(&breaker, at: 0) }
        _ = breaker.admit(at: start + .seconds(10), rules, draw: 1)
        var restored = Breaker(breaker.record(of: "t"))
        #expect(restored.state == .open)
        #expect(restored.failureCount == 3)
        let waiting = restored.admit(at: start + .seconds(11), rules, draw: 0)
        #expect(waiting == .wait(until: start + .seconds(20)))
    }

    @Test func `every move is one of the table`() {
        for draw in [0.0, 0.5, 0.99] {
            var breaker = Breaker()
            var state = breaker.state
            for step in 0..<200 {
                let now = start + .seconds(step * 4)
                switch (step * 7 + Int(draw * 10)) % 5 {
                case 0: _ = breaker.answered(at: now)
                case 1, 2: _ = breaker.failed(out, wait: nil, at: now, rules, draw: draw)
                default: _ = breaker.admit(at: now, rules, draw: draw)
                }
                #expect(breaker.state == state || state.mayBecome(breaker.state))
                state = breaker.state
            }
        }
    }
}
