internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

extension Dispatcher {
    /// How long the keeper of an idle dispatcher sleeps, unless work begins.
    private static let idleSpan: Duration = .seconds(3600)

    /// Renews the leases of what is at work, and interrupts what took too long or whose lease ends,
    /// until cancelled.
    ///
    /// A heartbeat waits for the journal, and nobody waits for a heartbeat: a lease that it does
    /// not save in time is over.
    func keepClaims() async {
        await withDiscardingTaskGroup { group in
            table.withLock { $0.setBeat(at: time.uptime() + configuration.heartbeat) }
            while !Task.isCancelled {
                guard let alarm = table.withLock({ $0.setAlarm() }) else {
                    await keeperBell.wait(atMost: Self.idleSpan, time)
                    table.withLock { $0.putOffBeat(to: time.uptime() + configuration.heartbeat) }
                    continue
                }
                await keeperBell.wait(atMost: min(alarm - time.uptime(), Self.idleSpan), time)
                let uptime = time.uptime()
                for attempt in table.withLock({ $0.takeOverdue(at: uptime) }) {
                    attempt.interrupt(.timedOut)
                }
                for attempt in table.withLock({ $0.takePastLease(at: uptime) }) {
                    attempt.interrupt(.leaseOver)
                }
                if table.withLock({ $0.takeBeat(at: uptime) }) {
                    group.addTask {
                        let next = await self.beat()
                        self.table.withLock { $0.setBeat(at: next) }
                        self.keeperBell.ring()
                    }
                }
            }
        }
    }

    /// One heartbeat for all claims in one batch.
    ///
    /// - Returns: When the next is due.
    private func beat() async -> Duration {
        let claims = table.withLock { $0.renewable }
        let start = time.uptime()
        guard !claims.isEmpty else { return start + configuration.heartbeat }
        do {
            let renewed = try await driver.renew(
                claims,
                until: readLeaseClock().leaseUntil
            )
            let lost = table.withLock {
                $0.renewed(renewed, of: claims, leaseEnd: start + configuration.lease)
            }
            for attempt in lost { attempt.interrupt(.fenced) }
            return start + configuration.heartbeat
        } catch {
            note(error)
            // Soon again, since a lease may end.
            return time.uptime() + min(configuration.heartbeat, configuration.errorWaitLongest)
        }
    }
}
