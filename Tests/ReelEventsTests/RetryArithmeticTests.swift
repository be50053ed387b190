import ReelJournal
import ReelRuntime
import Testing

@testable import ReelEvents

struct RetryArithmeticTests {
    private let now = Timestamp(secondsSinceEpoch: 1_795_251_600)
    private let arithmetic = RetryArithmetic(random: SeededRandomSource(seed: 7))
    private let reason = Reason("provider_unavailable", "HTTP status 503")

    @Test(arguments: [
        (attempt: 1, ceiling: Duration.seconds(1)),
        (attempt: 2, ceiling: .seconds(2)),
        (attempt: 3, ceiling: .seconds(4)),
        (attempt: 9, ceiling: .seconds(256)),
        (attempt: 10, ceiling: .seconds(300)),
        (attempt: 64, ceiling: .seconds(300)),
        (attempt: 1_000_000, ceiling: .seconds(300)),
        (attempt: 0, ceiling: .seconds(1)),
    ])
    func `the ceiling doubles with every attempt up to the cap`(
        attempt: Int,
        ceiling: Duration
    ) {
        #expect(RetryArithmetic.ceiling(attempt, RetryPolicy()) == ceiling)
    }

    @Test func `a ceiling does not overflow`() {
        let policy = RetryPolicy(base: .seconds(1 << 50), cap: .seconds(1 << 51))
        #expect(RetryArithmetic.ceiling(60, policy) == .seconds(1 << 51))
    }

    @Test func `waits are drawn over the whole span below the ceiling`() {
        var waits: [Duration] = []
        for _ in 0..<2000 {
            guard case .retry(let moment, reason) = verdict(.retry(reason), attempt: 4) else {
                Issue.record("an attempt in the middle is tried again")
                return
            }
            waits.append(moment - now)
        }
        #expect(waits.allSatisfy { $0 >= .zero && $0 < .seconds(8) })
        #expect(waits.count { $0 < .seconds(2) } > 400)
        #expect(waits.count { $0 >= .seconds(6) } > 400)
    }

    @Test(arguments: [
        (named: Duration.seconds(20), wait: Duration.seconds(20)),
        (named: .zero, wait: .zero),
        (named: .seconds(-5), wait: .zero),
        (named: .seconds(86_400), wait: .seconds(3600)),
    ])
    func `a wait that the handler names is taken, held to the longest`(
        named: Duration,
        wait: Duration
    ) {
        #expect(verdict(.retry(after: named, reason), attempt: 1) == .retry(at: now + wait, reason))
    }

    @Test func `a schedule's waits are kept, and a little more`() {
        let schedule: [Duration] = [.seconds(5), .seconds(300)]
        let policy = RetryPolicy(base: .seconds(8), schedule: schedule)
        func wait(_ attempt: Int, _ named: Duration? = nil) -> Duration {
            arithmetic.moment(after: attempt, named, policy, now) - now
        }
        for (index, span) in schedule.enumerated() {
            #expect((span...(span * 11 / 10)).contains(wait(index + 1)))
        }
        // A receiver's wish is heard when it is for more.
        #expect(wait(1, .seconds(600)) == .seconds(600))
        #expect(wait(2, .seconds(1)) >= .seconds(300))
        // Beyond the schedule waits are drawn.
        #expect(wait(3) <= .seconds(32))
        #expect(wait(3, .seconds(1)) == .seconds(1))
    }

    @Test func `the last attempt ends among the dead letters with its reason`() {
        #expect(verdict(.retry(reason), attempt: 12) == .dead(reason))
        #expect(verdict(.retry(after: .seconds(1), reason), attempt: 13) == .dead(reason))
    }

    @Test func `a policy has at least one attempt`() {
        let policy = RetryPolicy(attempts: 0)
        #expect(
            arithmetic.verdict(on: .retry(reason), attempt: 1, policy: policy, at: now)
                == .dead(reason)
        )
    }

    @Test(arguments: [
        (span: Duration.seconds(30), wait: Duration.seconds(30)),
        (span: .zero, wait: .milliseconds(100)),
        (span: .seconds(-1), wait: .milliseconds(100)),
        (span: .seconds(86_400), wait: .seconds(3600)),
    ])
    func `a postponement never ends the run, never spins and has a limit`(
        span: Duration,
        wait: Duration
    ) {
        #expect(
            verdict(.postpone(span, reason), attempt: 99) == .postpone(until: now + wait, reason)
        )
    }

    @Test func `what is done is done and what is given up is dead`() {
        #expect(verdict(.done(note: "3 files"), attempt: 1) == .done(note: "3 files"))
        #expect(verdict(.giveUp(reason), attempt: 1) == .dead(reason))
    }

    private func verdict(_ outcome: Outcome, attempt: Int) -> StepVerdict {
        arithmetic.verdict(on: outcome, attempt: attempt, policy: RetryPolicy(), at: now)
    }
}
