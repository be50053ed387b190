import ReelJournal
import ReelRuntime
import Testing

struct LifeCycleTests {
    @Test(
        arguments: [
            ([], nil),
            ([.pending], .pending), ([.pending, .pending], .pending),
            ([.running, .pending], .running), ([.running, .dead], .running),
            ([.waiting, .pending], .waiting), ([.waiting, .dead, .done], .waiting),
            ([.waiting, .running], .running),
            // It has begun: it does not go back.
            ([.done, .pending], .running), ([.dead, .pending], .running),
            ([.done, .done], .done), ([.done, .dead], .dead), ([.dead, .discarded], .dead),
            ([.done, .discarded], .discarded),
        ] as [([RunState], EventState?)]
    )
    func `an event stands where its runs put it`(_ runs: [RunState], _ state: EventState?) {
        #expect(EventState(runs: runs) == state)
    }

    @Test func `a run is open until it ended`() {
        #expect(RunState.allCases.filter(\.isOpen) == [.pending, .running, .waiting])
    }

    @Test func `every move of a run is one of its table`() {
        let allowed: [RunState: Set<RunState>] = [
            .pending: [.running], .running: [.running, .waiting, .done, .dead],
            .waiting: [.running], .done: [], .dead: [.waiting, .discarded], .discarded: [],
        ]
        let moment = Timestamp(secondsSinceEpoch: 100)
        let reason = Reason("a")
        let verdicts: [StepVerdict] = [
            .done(note: nil), .retry(at: moment, reason), .postpone(until: moment, reason),
            .dead(reason),
        ]
        for steps in [["a"], ["a", "b"]] {
            var running = RunProgress(plan: RunPlan(chain: "c", steps: steps))
            #expect(running.claim(at: moment, leaseUntil: moment) == nil)
            #expect(allowed[.pending]?.contains(running.state) == true)
            for verdict in verdicts {
                var run = running
                _ = run.settle(verdict, startedAt: moment, endedAt: moment, leaseUntil: moment)
                #expect(allowed[.running]?.contains(run.state) == true, "\(verdict)")
                #expect(run.state.isOpen == (run.claimableAt != nil), "\(verdict)")
                #expect(run.state.isOpen == (run.endedAt == nil), "\(verdict)")
            }
        }
    }
}
