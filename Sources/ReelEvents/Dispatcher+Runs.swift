internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

extension Dispatcher {
    /// Works on a run, step by step, until its claim is over.
    func work(on first: Claim) async {
        var claim: Claim? = first
        while let present = claim { claim = await perform(present) }
    }

    /// Makes one attempt of one step and waits until it is recorded how that ended.
    ///
    /// - Returns: What this task is to work on next: the next step, or a claim that came meanwhile.
    private func perform(_ claim: Claim) async -> Claim? {
        let startedAt = time.now()
        let start = time.uptime()
        guard let verdict = await attempt(claim) else {
            metrics.fenced.increment()
            log(claim, "claim lost", nil)
            let leaseEnd = time.uptime() + configuration.lease
            let next = table.withLock { $0.conclude(claim, .fenced, leaseEnd: leaseEnd) }
            if next == nil { bell.ring() }
            return next
        }
        metrics.attemptSpan.observe(time.uptime() - start)
        let settlement = DispatchRound.Settlement(
            claim: claim,
            verdict: verdict,
            startedAt: startedAt,
            endedAt: time.now()
        )
        let answer = await recorded(settlement)
        switch answer.outcome {
        case .next, .released:
            metrics.countVerdict(verdict)
            log(claim, verdict)
        case .fenced:
            metrics.fenced.increment()
            log(claim, "claim lost", nil)
        }
        return answer.next
    }

    /// Hands in how an attempt ended, for the next round to record.
    private func recorded(
        _ settlement: DispatchRound.Settlement
    ) async -> RunTable.Report.Answer {
        await withCheckedContinuation { waiter in
            let report = RunTable.Report(settlement: settlement, waiter: waiter)
            table.withLock { $0.report(report) }
            bell.ring()
        }
    }

    /// Calls the handler, if it may be called.
    ///
    /// - Returns: The verdict; nil when the claim is lost, and with it whatever was done.
    private func attempt(_ claim: Claim) async -> StepVerdict? {
        let step: Step
        do {
            step = try book.step(for: claim)
        } catch {
            return .dead(error.reason)
        }
        guard let event = Event(claim.entry) else { return .dead(Reason("not_an_event")) }
        let target = step.handler.target(of: event)
        if let verdict = turn(for: claim, step, at: target) { return verdict }
        defer { giveBackTurn(at: target) }
        if let verdict = await held(claim, step, behind: target) { return verdict }
        let attempt = StepAttempt()
        let uptime = time.uptime()
        let deadline = uptime + step.timeLimit
        let (action, wakesKeeper) = table.withLock {
            $0.begin(attempt, of: claim, at: uptime, deadline: deadline)
        }
        if wakesKeeper { keeperBell.ring() }
        switch action {
        case .decline(let interruption):
            return await verdict(after: interruption, nil, claim, step, time.now())
        case .call:
            let calledAt = time.now()
            await call(step.handler, event, context(claim, attempt), attempt)
            table.withLock { $0.endAttempt(of: claim) }
            guard let interruption = attempt.interruption else {
                guard let outcome = attempt.outcome else { return nil }
                let asked = attempt.hasLeftTargetAlone ? nil : target
                return await self.verdict(on: outcome, of: claim, step, asked, calledAt: calledAt)
            }
            return await verdict(after: interruption, attempt.outcome, claim, step, calledAt)
        }
    }

    /// Runs the handler in a task that can be cancelled alone, and returns when it has returned.
    private func call(
        _ handler: any Handler,
        _ event: Event,
        _ context: HandlerContext,
        _ attempt: StepAttempt
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { attempt.finish(await handler.handle(event, context)) }
            await attempt.ending()
            if attempt.outcome == nil { group.cancelAll() }
            await group.waitForAll()
        }
    }

    private func context(_ claim: Claim, _ attempt: StepAttempt) -> HandlerContext {
        HandlerContext(
            chain: claim.chain,
            step: claim.stepName,
            attempt: claim.attempt,
            id: HandlerID.of(claim.entry, chain: claim.chain, step: claim.stepName),
            checkpoint: claim.checkpoint,
            journal: ClaimJournal(
                driver: driver,
                claim: claim,
                attempt: attempt,
                checkpointByteCountMax: configuration.checkpointByteCountMax,
                locate: locate
            )
        )
    }

    /// The verdict on an attempt that was interrupted: work that was done all the same is done, and
    /// otherwise the interruption is what happened, whatever the handler made of its cancellation.
    private func verdict(
        after interruption: Interruption,
        _ outcome: Outcome?,
        _ claim: Claim,
        _ step: Step,
        _ calledAt: Timestamp
    ) async -> StepVerdict? {
        if interruption == .fenced { return nil }
        if case .done(let note) = outcome { return .done(note: note) }
        let now = time.now()
        switch interruption {
        case .fenced: return nil
        case .timedOut:
            let verdict = arithmetic.verdict(
                on: .retry(Reason("timed_out", "the step took longer than its time limit")),
                attempt: claim.attempt,
                policy: step.retry,
                at: now
            )
            return await bounded(verdict, claim, step, calledAt, now)
        case .leaseOver: return .postpone(until: now, Reason("lease_over"))
        case .stopping: return .postpone(until: now, Reason("service_stopped"))
        }
    }

    private func log(_ claim: Claim, _ verdict: StepVerdict) {
        switch verdict {
        case .done: log(claim, "step done", nil)
        case .retry(_, let reason): log(claim, "step failed, to be tried again", reason)
        case .postpone(_, let reason): log(claim, "step postponed", reason)
        case .hold(_, let reason): log(claim, "step waits", reason, .debug)
        case .dead(let reason): log(claim, "step given up", reason, .warning)
        }
    }

    func log(
        _ claim: Claim,
        _ message: StaticString,
        _ reason: Reason?,
        _ level: LogLevel = .info
    ) {
        guard level >= logger.level else { return }
        let fields: KeyValuePairs<String, LogValue> = [
            "event.sequence": .integer(claim.entry.sequence),
            "video.id": .string(claim.entry.videoID?.rawValue ?? ""),
            "chain": .string(claim.chain),
            "step": .string(claim.stepName),
            "step.attempt": .integer(claim.attempt),
            "reason": .string(reason?.logText ?? ""),
        ]
        logger.log(level, message, fields)
    }
}
