internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

extension Dispatcher {
    /// The shortest and the longest wait while runs are due that nobody may claim: they stand
    /// behind an earlier run of the same video.
    private static let blockedWaitFirst: Duration = .milliseconds(20)
    private static let blockedWaitLongest: Duration = .seconds(1)

    /// Plans one batch of what is pending.
    ///
    /// - Returns: Whether that was all.
    func planPending() async throws(JournalError) -> Bool {
        guard table.withLock({ $0.takeMayHavePending() }) else { return true }
        var query = EntryQuery()
        query.isUnplanned = true
        query.order = .oldestFirst
        query.limit = configuration.planBatch
        let entries = try await driver.entries(query)
        guard !entries.isEmpty else { return true }
        let plans = entries.map { (sequence: $0.sequence, plan: book.plan(for: $0)) }
        try await driver.plan(plans)
        metrics.countPlans(plans)
        for (entry, plan) in zip(entries, plans) {
            logger.note(plan.plan, of: entry.sequence, entry.type, entry.videoID)
        }
        table.withLock { $0.noteNews() }
        guard entries.count == configuration.planBatch else { return true }
        table.withLock { $0.noteMayHavePending() }
        return false
    }

    /// Claims what is due, up to the free slots, and starts it.
    ///
    /// - Returns: How many runs it began.
    func claimDue(_ group: inout DiscardingTaskGroup) async throws(JournalError) -> Int {
        let limit = min(freeSlotCount, configuration.claimBatch)
        guard limit > 0 else { return 0 }
        let leaseEnd = time.uptime() + configuration.lease
        let now = time.now()
        let claims = try await driver.claim(
            ClaimRequest(
                owner: owner,
                now: now,
                leaseUntil: now + configuration.lease,
                limit: limit
            )
        )
        for claim in claims {
            switch table.withLock({ $0.admit(claim, leaseEnd: leaseEnd) }) {
            case .work(let claim): group.addTask { await self.work(on: claim) }
            case .supersede(let attempt): attempt?.interrupt(.fenced)
            }
        }
        metrics.running.set(Int64(configuration.concurrency - freeSlotCount))
        return claims.count
    }

    /// How long there is nothing to do, unless somebody rings.
    func waitBeforeNextRound(_ emptyRounds: Int) async throws(JournalError) -> Duration {
        // With every slot taken, the end of a run rings.
        guard freeSlotCount > 0 else { return configuration.safetyInterval }
        let outlook = try await driver.outlook()
        metrics.open.set(outlook.openRunCount)
        metrics.dead.set(outlook.deadRunCount)
        guard let dueAt = outlook.nextDueAt else { return configuration.safetyInterval }
        let wait = dueAt - time.now()
        guard wait <= .zero else { return min(wait, configuration.safetyInterval) }
        // The first empty round may have been overtaken by what became due since.
        var blocked = Self.blockedWaitFirst
        for _ in 0..<min(max(emptyRounds, 1), 16) where blocked < Self.blockedWaitLongest {
            blocked *= 2
        }
        return min(blocked, Self.blockedWaitLongest, configuration.safetyInterval)
    }

    /// Measures the backlog, and looks for pending entries whatever the wake-ups said.
    func survey() async throws(JournalError) {
        table.withLock { $0.noteMayHavePending() }
        var query = EntryQuery()
        query.states = [.pending, .running, .waiting]
        query.order = .oldestFirst
        query.limit = 1
        let oldest = try await driver.entries(query).first
        let age = oldest.map { time.now() - $0.receivedAt } ?? .zero
        metrics.backlogAge.set(max(age.components.seconds, 0))
    }
}
