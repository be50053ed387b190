internal import ReelJournal

// What becomes of a journal that grows old.
extension Simulation {
    /// More than finished events are kept for, and less than dead ones are.
    private static let agedDays = 91

    /// A quarter of a year goes by, or a clock says so that is wrong.
    func growOld() {
        guard oracle.violations.isEmpty, let before = findings() else { return }
        if age.happens(0.5) { sleepLong(before) } else { mistakeTheTime(before) }
    }

    /// The service is off for long: what is old goes, whatever kills it in the midst of that.
    private func sleepLong(_ before: Findings) {
        world.note("a quarter of a year goes by")
        let span = Int64(Self.agedDays) * 86_400_000_000_000
        crash(cuttingPower: age.happens(0.5))
        world.wait(until: world.now + span)
        advance(by: 20)
        let old = before.entries.filter {
            $0.state.span == .finished || $0.state.span == .unhandled
        }
        oracle.forget(old)
        if age.happens(0.5) { tellAgain() }
        let patience = Int(ClockRecord.patience.components.seconds)
        for _ in 0..<4 {
            advance(by: patience - 300)
            let isKilled = age.happens(0.6)
            if isKilled { storage.deadlyCall = storage.callCount + age.within(1...120) }
            // A round an hour, and a minute for the walk.
            advance(by: 3_600 + 360)
            storage.deadlyCall = nil
            advance(by: 20)
            if !isKilled { break }
        }
        let findings = findings()
        let left = Set(findings?.entries.map(\.sequence) ?? [])
        for entry in old where left.contains(entry.sequence) {
            return oracle.violation("entry \(entry.sequence) is old, \(entry.state) and kept")
        }
        tellAgain()
        _ = provider.create()
        advance(by: 400)
        settle()
        compare(before, without: Set(old.map(\.sequence)))
        finish()
    }

    /// The machine has another time for some hours: nothing goes for that.
    private func mistakeTheTime(_ before: Findings) {
        world.note("the clock is a quarter of a year ahead")
        oracle.hasStoodStill = true
        world.wallError = Int64(Self.agedDays) * 86_400_000
        if age.happens(0.7) { crash(cuttingPower: age.happens(0.5)) }
        let patience = Int(ClockRecord.patience.components.seconds)
        advance(by: age.within(60...patience / 2))
        if age.happens(0.5) {
            // Time that it is off for makes its clock no better.
            crash(cuttingPower: age.happens(0.5))
            world.wait(until: world.now + Int64(age.within(3...20)) * 3_600_000_000_000)
            advance(by: age.within(60...patience / 3))
        }
        world.wallError = 0
        advance(by: 3_700)
        compare(before, without: [])
        finish()
    }

    /// The end of some video is told once more.
    private func tellAgain() {
        guard let video = provider.videos.first(where: { !$0.isForgotten }) else { return }
        deliveries.tell(video.end == .completed ? "video.completed" : "video.failed", of: video)
        advance(by: 60)
    }

    /// Everything that was there still is, but for what was old.
    private func compare(_ before: Findings, without old: Set<Int64>) {
        guard oracle.violations.isEmpty, let now = findings() else { return }
        let entries = Dictionary(uniqueKeysWithValues: now.entries.map { ($0.sequence, $0) })
        for entry in before.entries where !old.contains(entry.sequence) {
            let kept = entries[entry.sequence]
            oracle.expect(
                kept?.state == entry.state && kept?.body == entry.body,
                "entry \(entry.sequence) was \(entry.state) and is not what it was"
            )
            oracle.expect(
                now.steps[entry.sequence] == before.steps[entry.sequence],
                "the steps of entry \(entry.sequence) are not what they were"
            )
        }
        for job in before.jobs {
            oracle.expect(
                now.jobs.contains { $0.id == job.id && $0.state == job.state },
                "\(job.id) was \(job.state.rawValue) and is not"
            )
        }
        for asset in before.assets {
            oracle.expect(
                now.assets.contains {
                    $0.videoID == asset.videoID && $0.variant == asset.variant
                        && $0.state == asset.state
                },
                "\(asset.videoID) had a \(asset.variant) that was \(asset.state)"
            )
        }
    }
}

extension Oracle {
    /// These may be deleted from now on, and no sequence of theirs comes again.
    fileprivate func forget(_ old: [JournalEntry]) {
        for entry in old {
            forgotten.insert(entry.sequence)
            entries[entry.sequence] = nil
            if let id = entry.webhookID {
                forgottenDeliveries.insert(id)
                acknowledged[id] = nil
            }
            for key in runs.keys where key.sequence == entry.sequence { runs[key] = nil }
        }
    }
}
