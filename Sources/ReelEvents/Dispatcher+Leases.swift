internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

extension Dispatcher {
    /// How long the keeper of an idle dispatcher sleeps, unless work begins.
    private static let idleSpan: Duration = .seconds(3600)

    /// Renews the leases of what is at work, and interrupts what took too long, until cancelled.
    func keepClaims() async {
        var nextBeat = time.uptime() + configuration.heartbeat
        while !Task.isCancelled {
            guard let alarm = table.withLock({ $0.setAlarm(nextBeat: nextBeat) }) else {
                await keeperBell.wait(atMost: Self.idleSpan, time)
                nextBeat = time.uptime() + configuration.heartbeat
                continue
            }
            await keeperBell.wait(atMost: alarm - time.uptime(), time)
            let uptime = time.uptime()
            for attempt in table.withLock({ $0.takeOverdue(at: uptime) }) {
                attempt.interrupt(.timedOut)
            }
            if uptime >= nextBeat { nextBeat = await beat() }
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
            // Soon again, since a lease may end; whoever is past its own stops before another
            // owner begins.
            let uptime = time.uptime()
            for attempt in table.withLock({ $0.pastLease(at: uptime) }) {
                attempt.interrupt(.leaseOver)
            }
            return uptime + min(configuration.heartbeat, configuration.errorWaitLongest)
        }
    }
}
