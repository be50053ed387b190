package import ReelJournal
package import ReelObservability
package import ReelRuntime

/// Does what follows from the journal: plans its events, and works on their steps under leases.
///
/// Several may run on one journal. Whatever one leaves undone, by a stop, a crash or a lost lease,
/// another does after the lease's end, from the step that was not recorded as done.
package final class Dispatcher: Sendable {
    let journal: Journal
    let driver: any JournalDriver
    let book: ChainBook
    let configuration: DispatcherConfiguration
    let time: any TimeSource
    let random: any RandomSource
    let arithmetic: RetryArithmetic
    let locate: @Sendable (AssetRecord) -> String
    let logger: Logger
    let metrics: DispatcherMetrics
    let board: BreakerBoard
    let turns: Locked<TargetTurns>
    let owner: String
    let table = Locked(RunTable())
    /// How often verdicts are offered to a failing journal once the service stops and the grace is
    /// over; the steps are then done again after their leases.
    private static let recordAttemptsAfterGrace = 3
    /// Rung for the loop: there may be something to plan, to claim or to record.
    let bell = Doorbell()
    /// Rung for the keeper: there is an earlier deadline than it knows of.
    let keeperBell = Doorbell()

    /// Makes a dispatcher; `run` starts it, once.
    ///
    /// `locate` goes from a stored file's record to the absolute path or URL that handlers are
    /// told.
    ///
    /// - Precondition: No two chains share a name.
    package init(
        journal: Journal,
        chains: [Chain],
        configuration: DispatcherConfiguration = DispatcherConfiguration(),
        time: any TimeSource,
        random: any RandomSource,
        logger: Logger,
        metrics: Metrics,
        locate: @escaping @Sendable (AssetRecord) -> String = { $0.location ?? "" }
    ) {
        self.journal = journal
        driver = journal.driver
        book = ChainBook(chains)
        self.configuration = configuration
        self.time = time
        self.random = random
        arithmetic = RetryArithmetic(random: random)
        self.locate = locate
        self.logger = logger.named("dispatcher")
        self.metrics = DispatcherMetrics(metrics)
        board = BreakerBoard(configuration.breakers, random: random, metrics: metrics)
        turns = Locked(
            TargetTurns(
                turnCountMax: configuration.targetConcurrency,
                targetCountMax: configuration.breakers.targetCountMax
            )
        )
        owner = "dispatcher-" + random.hexadecimal(byteCount: 8)
    }

    /// Works until its task is cancelled, then gives running handlers the grace, cancels them, and
    /// hands their claims back uncounted.
    ///
    /// A handler that ignores its cancellation holds this up.
    ///
    /// - Throws: `JournalError.closed` when the journal was closed under it.
    package func run() async throws {
        // A task of its own, joined below: a cancellation of this one must reach the handlers only
        // after the grace, and the journal never.
        // It stays where this one runs, which a task of its own would not by itself.
        let place = unsafe withUnsafeCurrentTask { unsafe $0?.unownedTaskExecutor }
        let work = unsafe Task(executorPreference: place?.asTaskExecutor()) { await self.serve() }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            table.withLock { $0.stop() }
            bell.ring()
        }
        if table.withLock({ $0.isClosed }) { throw JournalError.closed }
    }

    private func serve() async {
        let wakeUps = journal.wakeUps(for: .work)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in wakeUps {
                    self.table.withLock { $0.noteMayHavePending() }
                    self.bell.ring()
                }
            }
            group.addTask { await self.keepClaims() }
            await self.restoreBreakers()
            await self.loop(&group)
            await self.drain()
            group.cancelAll()
        }
        metrics.running.set(0)
    }

    /// One round after the other until the stop.
    private func loop(_ group: inout DiscardingTaskGroup) async {
        var failures = 0
        var emptyRounds = 0
        var nextSurvey = time.uptime()
        while !table.withLock({ $0.isStopping }) {
            do throws(JournalError) {
                let tally = try await performRound(&group, afterFailures: failures)
                if table.withLock({ $0.takeNews() }) { journal.wakeReaders() }
                if time.uptime() >= nextSurvey {
                    try await survey()
                    nextSurvey = time.uptime() + configuration.safetyInterval
                }
                failures = 0
                emptyRounds = tally.claimCount > 0 ? 0 : emptyRounds + 1
                let isIdle = tally.isPlanned && (tally.isExhausted || freeSlotCount == 0)
                if isIdle, !hasCalls, !table.withLock({ $0.hasReports }) {
                    let wait = try await waitBeforeNextRound(emptyRounds)
                    await bell.wait(atMost: wait, time)
                }
            } catch {
                failures += 1
                table.withLock { $0.noteMayHavePending() }
                await backOff(from: error, failures)
            }
        }
    }

    var freeSlotCount: Int {
        configuration.concurrency - table.withLock { $0.runningCount }
    }

    /// Lets running handlers end, then cancels those that have not, and waits for all.
    private func drain() async {
        let graceEnd = time.uptime() + configuration.grace
        var failures = 0
        while runningCount > 0 {
            if time.uptime() >= graceEnd, !table.withLock({ $0.isGraceOver }) {
                for attempt in table.withLock({ $0.endGrace() }) { attempt.interrupt(.stopping) }
            }
            let (isClosed, isGraceOver, hasReports) = table.withLock {
                ($0.isClosed, $0.isGraceOver, $0.hasReports)
            }
            if isClosed || (isGraceOver && failures >= Self.recordAttemptsAfterGrace) {
                abandonReports()
            } else if hasReports {
                do throws(JournalError) {
                    try await recordReports()
                    failures = 0
                } catch {
                    failures += 1
                    note(error)
                    try? await time.sleep(for: configuration.errorWait(failures))
                }
                continue
            }
            guard runningCount > 0 else { break }
            let wait = isGraceOver ? configuration.safetyInterval : graceEnd - time.uptime()
            await bell.wait(atMost: wait, time)
        }
        if table.withLock({ $0.takeNews() }) { journal.wakeReaders() }
    }

    private var runningCount: Int { table.withLock { $0.runningCount } }

    /// Waits after a journal error, and not less because somebody rings.
    private func backOff(from error: JournalError, _ failures: Int) async {
        note(error)
        let end = time.uptime() + configuration.errorWait(failures)
        while time.uptime() < end, !table.withLock({ $0.isStopping }) {
            await bell.wait(atMost: end - time.uptime(), time)
        }
    }

    /// Makes a journal error visible; a closed journal ends the dispatcher.
    func note(_ error: JournalError) {
        metrics.countJournalError(error)
        logger.warning("the journal refused a call", ["journal.error": .string(error.code)])
        guard error == .closed else { return }
        let attempts = table.withLock { table in
            table.close()
            return table.endGrace()
        }
        for attempt in attempts { attempt.interrupt(.stopping) }
        bell.ring()
    }
}
