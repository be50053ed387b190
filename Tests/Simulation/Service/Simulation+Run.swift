internal import ReelJournal
internal import ReelRuntime
internal import Reelhook

extension Simulation {
    /// What came of a run.
    struct Report {
        let seed: UInt64
        let violations: [String]
        let hash: UInt64
        let eventCount: Int
        let simulatedSeconds: Int
        let startCount: Int
        let crashCount: Int
        let videoCount: Int
        let storedCount: Int
        let deadCount: Int
        let prunedCount: Int
        let releasedCount: Int
    }

    /// Lives through the chaos and the calm after it, and looks at what is left.
    func run() -> Report {
        boot()
        let chaos = chance.within(60...[300, 600, 1_800][chance.below(3)])
        plan(until: chaos)
        advance(by: chaos)
        calm()
        boot()
        deliveries.sendNoise()
        deliveries.hurry()
        planRepair()
        // Every provider is asked for its list in the meantime.
        advance(by: sweepSeconds + 30)
        settle()
        finish()
        if age.happens(0.05), brevity == nil { growOld() }
        return Report(
            seed: world.seed,
            violations: oracle.violations,
            hash: world.trace.hash,
            eventCount: world.trace.count,
            simulatedSeconds: Int(world.now / 1_000_000_000),
            startCount: startCount,
            crashCount: crashCount,
            videoCount: provider.videos.count,
            storedCount: oracle.stored.keys.count { $0.contains("/video.") },
            deadCount: oracle.runs.values.count { $0.state == .dead },
            prunedCount: oracle.departures.prunedCount,
            releasedCount: oracle.departures.releasedCount
        )
    }

    func advance(by seconds: Int) {
        let end = world.now + Int64(seconds) * 1_000_000_000
        while world.step(until: end), oracle.violations.isEmpty {}
        world.wait(until: end)
    }

    /// Waits until nothing is left to be done.
    func settle() {
        for _ in 0..<240 {
            guard oracle.violations.isEmpty else { return }
            var isOver = false
            look { journal in isOver = await self.isSettled(journal) }
            if isOver { return }
            advance(by: 60)
        }
        oracle.violation("something is left to be done after four hours of calm")
    }

    /// Cuts the power with nothing kept that is not safe, and looks at everything.
    func finish() {
        guard oracle.violations.isEmpty else { return }
        storage.losesAll = true
        let moment = Timestamp(millisecondsSinceEpoch: world.trueMilliseconds)
        crash(cuttingPower: true)
        // With what is old a service begins when it starts.
        advance(by: brevity == nil ? 20 : 80)
        checkFiles()
        guard let findings = findings() else { return }
        check(findings)
        if brevity != nil { checkAges(findings, at: moment) }
    }

    /// What the running service's journal says.
    func findings() -> Findings? {
        var findings: Findings?
        look { journal in
            do throws(JournalError) {
                findings = try await self.read(journal)
            } catch {
                self.oracle.violation("the journal cannot be read: \(error)")
            }
        }
        oracle.expect(findings != nil, "the service does not run in the end")
        return findings
    }

    /// Does something with the running service's journal, and waits for it.
    private func look(_ work: @escaping (Journal) async -> Void) {
        guard let process, process.isAlive, let core = process.core else { return }
        let state = Looking(work)
        process.place.start {
            await state.work(core.journal)
            state.isOver = true
        }
        let end = world.now + 120_000_000_000
        while !state.isOver, world.step(until: end) {}
    }
}

/// Something to be done in a world, and whether it is done.
private final class Looking: @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let work: (Journal) async -> Void
    var isOver = false

    init(_ work: @escaping (Journal) async -> Void) { self.work = work }
}
