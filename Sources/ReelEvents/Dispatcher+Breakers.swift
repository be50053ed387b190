internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

extension Dispatcher {
    /// The shortest time before a link dies for which it is worth trying again, and between two
    /// tries in its last moments.
    private static let linkLifeMin: Duration = .seconds(1)

    /// Goes on with the breakers of the last start.
    func restoreBreakers() async {
        do throws(JournalError) {
            board.restore(try await driver.breakers())
        } catch {
            note(error)
        }
    }

    /// The verdict on a claim whose target is out: it waits, and nothing was attempted.
    ///
    /// - Returns: Nil when the target may be tried.
    func held(_ claim: Claim, _ step: Step, behind target: String?) async -> StepVerdict? {
        guard let target else { return nil }
        let now = time.now()
        if isPressing(claim, step, now) { return nil }
        let (wait, moved) = board.wait(for: target, at: now)
        if let moved { await keep(moved) }
        guard let until = wait else { return nil }
        return .hold(
            until: beforeExpiry(until, step, claim.expiresAt, now),
            Reason(BreakerRecord.waitingCode, target)
        )
    }

    /// The verdict on what a handler said that was called at a moment.
    func verdict(
        on outcome: Outcome,
        of claim: Claim,
        _ step: Step,
        _ target: String?,
        calledAt: Timestamp
    ) async -> StepVerdict {
        let now = time.now()
        var verdict = arithmetic.verdict(
            on: outcome,
            attempt: claim.attempt,
            policy: step.retry,
            at: now
        )
        guard let target else { return await bounded(verdict, claim, step, calledAt, now) }
        switch outcome {
        case .done, .retry, .giveUp:
            if let moved = board.answered(target, at: now) { await keep(moved) }
        case .postpone: break
        case .unavailable(let wait, let reason):
            let (failure, moved) = board.failed(target, reason, wait: wait, at: now)
            if let moved { await keep(moved) }
            let isPatient = now - claim.entry.receivedAt < configuration.breakers.patience
            switch failure {
            case .counts: break
            case .doesNotCount where isPatient:
                let again = arithmetic.moment(after: claim.attempt, wait, step.retry, now)
                verdict = .postpone(until: again, reason)
            // Due at once, so that it is claimed again and waits where the others do; what would
            // not wait there does so here.
            case .waits where isPatient:
                let isLast = isLastMoment(for: claim, step, now)
                verdict = .postpone(until: isLast ? now + Self.linkLifeMin : now, reason)
            case .doesNotCount, .waits: break
            }
        }
        return await bounded(verdict, claim, step, calledAt, now)
    }

    /// Holds a later try to the life of the link that the step needs: one after it is no try.
    ///
    /// Once the link is over the handler is called one last time, since it alone knows whether the
    /// step can do without; who was called before that has not said its last word.
    func bounded(
        _ verdict: StepVerdict,
        _ claim: Claim,
        _ step: Step,
        _ calledAt: Timestamp,
        _ now: Timestamp
    ) async -> StepVerdict {
        switch verdict {
        case .done, .dead: return verdict
        case .retry, .postpone, .hold: break
        }
        guard step.handler.needsLink, let expiresAt = await expiry(of: claim) else {
            return verdict
        }
        switch verdict {
        case .done, .dead: return verdict
        case .retry(let moment, let reason):
            if isOver(expiresAt, at: calledAt) { return .dead(Self.expired(expiresAt, reason)) }
            return .retry(at: beforeExpiry(moment, step, expiresAt, now), reason)
        case .postpone(let moment, let reason):
            if isOver(expiresAt, at: calledAt) { return .dead(Self.expired(expiresAt, reason)) }
            return .postpone(until: beforeExpiry(moment, step, expiresAt, now), reason)
        case .hold(let moment, let reason):
            return .hold(until: beforeExpiry(moment, step, expiresAt, now), reason)
        }
    }

    /// When a claim's video expires, which the attempt itself may have been the first to learn.
    private func expiry(of claim: Claim) async -> Timestamp? {
        guard claim.expiresAt == nil, let id = claim.entry.videoID else { return claim.expiresAt }
        return try? await driver.job(provider: claim.entry.provider, id: id)?.expiresAt
    }

    /// Whether it is no use to wait: the link dies soon, or is past its grace, so that the step
    /// ends.
    func isPressing(_ claim: Claim, _ step: Step, _ now: Timestamp) -> Bool {
        if isLastMoment(for: claim, step, now) { return true }
        guard step.handler.needsLink, let expiresAt = claim.expiresAt else { return false }
        return isOver(expiresAt, at: now)
    }

    /// Whether the link dies before the next probe: such a step tries its luck, breaker or not.
    private func isLastMoment(for claim: Claim, _ step: Step, _ now: Timestamp) -> Bool {
        guard step.handler.needsLink, let expiresAt = claim.expiresAt else { return false }
        return expiresAt > now && expiresAt - now < configuration.breakers.probeInterval
    }

    /// Whether our clock alone is enough to call a link dead.
    private func isOver(_ expiresAt: Timestamp, at now: Timestamp) -> Bool {
        expiresAt + configuration.expiryGrace <= now
    }

    private static func expired(_ moment: Timestamp, _ reason: Reason) -> Reason {
        Reason("expired", "the link died at \(moment); before that: \(reason)")
    }

    /// A moment before the link dies that leaves time for several more tries; of a link past its
    /// end, one within the grace.
    func beforeExpiry(
        _ moment: Timestamp,
        _ step: Step,
        _ expiresAt: Timestamp?,
        _ now: Timestamp
    ) -> Timestamp {
        guard step.handler.needsLink, let expiresAt else { return moment }
        guard expiresAt > now else { return min(moment, expiresAt + configuration.expiryGrace) }
        let longest = max(Self.linkLifeMin, (expiresAt - now) / 4)
        return min(moment, now + longest, expiresAt)
    }

    /// Keeps where a breaker stands; what waited behind one that closed is due.
    private func keep(_ record: BreakerRecord) async {
        await write(record)
        let fields: KeyValuePairs<String, LogValue> = [
            "breaker.target": .string(record.target),
            "breaker.failures": .integer(record.failureCount),
            "breaker.probe_at": .string(record.probeAt?.description ?? ""),
            "reason": .string(record.reason?.logText ?? ""),
        ]
        switch record.state {
        case .closed:
            logger.info("breaker closed", fields)
            bell.ring()
        case .open: logger.info("breaker open", fields)
        case .halfOpen: logger.debug("breaker lets one try", fields)
        }
    }

    /// Writes down again where breakers stand that the journal refused to keep.
    func keepBreakersAgain() async {
        for record in board.takeUnkept() { await write(record) }
    }

    private func write(_ record: BreakerRecord) async {
        do throws(JournalError) {
            try await driver.record(record)
        } catch {
            note(error)
            board.noteUnkept(record.target)
        }
    }
}
