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

    @Test func `every move of a run is one of its table`() throws {
        let moment = Timestamp(secondsSinceEpoch: 100)
        let reason = Reason("a")
        let verdicts: [StepVerdict] = [
            .done(note: nil), .retry(at: moment, reason), .postpone(until: moment, reason),
            .dead(reason),
        ]
        for steps in [["a"], ["a", "b"]] {
            let pending = RunProgress(plan: RunPlan(chain: "c", steps: steps))
            let given = try #require(pending.claimable?.claim(at: moment, leaseUntil: moment))
            #expect(given.lost == nil)
            #expect(RunState.pending.mayBecome(given.run.state))
            let entry = EntryDraft(
                observation: Observation(
                    fact: Fact(
                        provider: "p",
                        videoID: try #require(VideoID("v")),
                        terminal: .completed
                    ),
                    occurredAt: moment,
                    observedAt: moment
                )
            )
            let claim = try #require(
                Claim(
                    given.run,
                    of: sample(entry),
                    checkpoint: nil,
                    expiresAt: nil
                )
            )
            for verdict in verdicts {
                let held = try #require(given.run.held(by: claim))
                let run = held.settled(
                    verdict,
                    startedAt: moment,
                    endedAt: moment,
                    leaseUntil: moment
                ).run
                #expect(RunState.running.mayBecome(run.state), "\(verdict)")
                #expect(run.state.isOpen == (run.claimableAt != nil), "\(verdict)")
                #expect(run.state.isOpen == (run.endedAt == nil), "\(verdict)")
                #expect(run.state.isOpen == (run.claimable != nil), "\(verdict)")
                #expect((run.state == .dead) == (run.deadLetter != nil), "\(verdict)")
            }
        }
    }
}

private func sample(_ draft: EntryDraft) -> JournalEntry {
    JournalEntry(
        sequence: 1,
        origin: draft.origin,
        source: draft.source,
        provider: draft.provider,
        webhookID: draft.webhookID,
        eventID: draft.eventID,
        type: draft.type,
        videoID: draft.videoID,
        body: draft.body,
        occurredAt: draft.occurredAt,
        receivedAt: draft.receivedAt,
        state: .pending,
        reason: nil,
        redeliveryCount: 0,
        relatedSequence: nil
    )
}
