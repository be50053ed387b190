internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// What a round did, for whoever decides when the next is due.
struct RoundTally {
    /// Whether nothing is left that has no plan yet.
    var isPlanned = true
    var claimCount = 0
    /// Whether everything that could be claimed was.
    var isExhausted = true
}

extension Dispatcher {
    /// The shortest and the longest wait while runs are due that nobody may claim: they stand
    /// behind an earlier run of the same video.
    private static let blockedWaitFirst: Duration = .milliseconds(20)
    private static let blockedWaitLongest: Duration = .seconds(1)

    /// Records the verdicts that have come in, plans what is pending and claims what is due, all in
    /// one transaction, and starts what was claimed.
    func performRound(
        _ group: inout DiscardingTaskGroup,
        afterFailures failures: Int
    ) async throws(JournalError) -> RoundTally {
        let reports = table.withLock { $0.takeReports(atMost: configuration.reportBatch) }
        // After a failure verdicts go alone first: what is wrong may be with a plan or a claim.
        let isAlone = failures % 2 == 1 && !reports.isEmpty
        var tally = RoundTally()
        var round = DispatchRound(leaseUntil: readLeaseClock().leaseUntil)
        round.settlements = reports.map(\.settlement)
        do throws(JournalError) {
            if !isAlone {
                round.plans = try await plansOfPending()
                round.claim = claimRequest(hasReports: !reports.isEmpty)
            }
            guard !round.isEmpty else { return tally }
            let leaseEnd = time.uptime() + configuration.lease
            let outcome = try await driver.advance(round)
            conclude(reports, outcome.settled, leaseEnd)
            note(round.plans)
            start(outcome.claims, leaseEnd, &group)
            tally.isPlanned = !isAlone && round.plans.count < configuration.planBatch
            if !tally.isPlanned { table.withLock { $0.noteMayHavePending() } }
            tally.claimCount = outcome.claims.count
            let limit = round.claim(after: outcome.settled)?.limit ?? 0
            tally.isExhausted = !isAlone && outcome.claims.count < max(limit, 1)
        } catch {
            table.withLock {
                $0.putBack(reports)
                $0.noteMayHavePending()
            }
            let calls = round.claim?.calls ?? [:]
            turns.withLock { $0.putBack(calls) }
            throw error
        }
        return tally
    }

    /// Records the verdicts that have come in and claims nothing: the service stops.
    func recordReports() async throws(JournalError) {
        let reports = table.withLock { $0.takeReports(atMost: configuration.reportBatch) }
        guard !reports.isEmpty else { return }
        var round = DispatchRound(leaseUntil: readLeaseClock().leaseUntil)
        round.settlements = reports.map(\.settlement)
        let leaseEnd = time.uptime() + configuration.lease
        do {
            conclude(reports, try await driver.advance(round).settled, leaseEnd)
        } catch {
            table.withLock { $0.putBack(reports) }
            throw error
        }
    }

    /// Tells who waits for a verdict to be recorded that it never will be: the step is done again
    /// after its lease.
    func abandonReports() {
        let reports = table.withLock { $0.takeReports(atMost: .max) }
        for report in reports {
            log(report.settlement.claim, "verdict not recorded, the step will be done again", nil)
        }
        let fenced = reports.map { _ in SettleOutcome.fenced }
        conclude(reports, fenced, time.uptime() + configuration.lease)
    }

    /// What is to be done about one batch of what is pending and has no plan.
    private func plansOfPending() async throws(JournalError) -> [DispatchRound.Planned] {
        guard table.withLock({ $0.takeMayHavePending() }) else { return [] }
        var query = EntryQuery()
        query.isUnplanned = true
        query.order = .oldestFirst
        query.limit = configuration.planBatch
        return try await driver.entries(query).map {
            DispatchRound.Planned(entry: $0, plan: book.plan(for: $0))
        }
    }

    private func claimRequest(hasReports: Bool) -> ClaimRequest? {
        let limit = min(freeSlotCount, configuration.claimBatch)
        guard limit > 0 || hasReports else { return nil }
        let clock = readLeaseClock()
        return ClaimRequest(
            owner: owner,
            now: clock.dueBy,
            leaseUntil: clock.leaseUntil,
            limit: limit,
            calls: turns.withLock { $0.takeOpenings() }
        )
    }

    func readLeaseClock() -> LeaseClock.Reading {
        journal.leaseClock.read(time, lease: configuration.lease)
    }

    private func conclude(
        _ reports: [RunTable.Report],
        _ settled: [SettleOutcome],
        _ leaseEnd: Duration
    ) {
        guard !reports.isEmpty else { return }
        noteWaiting(reports, settled)
        let answers = table.withLock { table in
            zip(reports, settled).map { report, outcome in
                let claim = report.settlement.claim
                let next = table.conclude(claim, outcome, leaseEnd: leaseEnd)
                return RunTable.Report.Answer(outcome: outcome, next: next)
            }
        }
        for (report, answer) in zip(reports, answers) { report.waiter.resume(returning: answer) }
    }

    private func note(_ planned: [DispatchRound.Planned]) {
        guard !planned.isEmpty else { return }
        metrics.countPlans(planned.map { (sequence: $0.entry.sequence, plan: $0.plan) })
        for item in planned {
            logger.note(item.plan, of: item.entry.sequence, item.entry.type, item.entry.videoID)
        }
        table.withLock { $0.noteNews() }
    }

    private func start(
        _ claims: [Claim],
        _ leaseEnd: Duration,
        _ group: inout DiscardingTaskGroup
    ) {
        for claim in claims {
            switch table.withLock({ $0.admit(claim, leaseEnd: leaseEnd) }) {
            case .work(let claim): group.addTask { await self.work(on: claim) }
            case .supersede(let attempt): attempt?.interrupt(.fenced)
            }
        }
        metrics.running.set(Int64(configuration.concurrency - freeSlotCount))
    }

    /// How long there is nothing to do, unless somebody rings.
    func waitBeforeNextRound(_ emptyRounds: Int) async throws(JournalError) -> Duration {
        // With every slot taken, the end of an attempt rings.
        guard freeSlotCount > 0 else { return configuration.safetyInterval }
        let outlook = try await driver.outlook()
        metrics.open.set(outlook.openRunCount)
        metrics.dead.set(outlook.deadRunCount)
        guard let dueAt = outlook.nextDueAt else { return configuration.safetyInterval }
        let wait = dueAt - time.now()
        guard wait <= .zero else { return min(wait, configuration.safetyInterval) }
        guard emptyRounds > 0 else { return .zero }
        // The first empty round may have been overtaken by what became due since.
        var blocked = Self.blockedWaitFirst
        for _ in 0..<min(emptyRounds, 16) where blocked < Self.blockedWaitLongest {
            blocked *= 2
        }
        return min(blocked, Self.blockedWaitLongest, configuration.safetyInterval)
    }

    /// Measures the backlog, and looks for pending entries whatever the wake-ups said.
    func survey() async throws(JournalError) {
        table.withLock { $0.noteMayHavePending() }
        turns.withLock { $0.reopen() }
        await keepBreakersAgain()
        var query = EntryQuery()
        query.states = [.pending, .running, .waiting]
        query.order = .oldestFirst
        query.limit = 1
        let oldest = try await driver.entries(query).first
        let age = oldest.map { time.now() - $0.receivedAt } ?? .zero
        metrics.backlogAge.set(max(age.components.seconds, 0))
    }
}
