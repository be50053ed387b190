internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelRuntime

// The guarantees, measured on the disk and in the journal.
extension Simulation {
    /// Whatever stands under a final name is whole, and whatever is promised to be stored is there.
    func checkFiles() {
        for (location, sha256) in oracle.stored
        where !oracle.mayLack(filesOf: String(location.prefix { $0 != "/" })) {
            guard let node = storage.node("/data/videos/" + location) else {
                oracle.violation("\(location) was stored and is gone")
                continue
            }
            oracle.expect(node.sha256 == sha256, "\(location) was stored and is another file now")
        }
        guard let root = storage.node("/data/videos") else { return }
        for (id, directory) in root.entries where directory.isDirectory && !id.hasPrefix(".") {
            for (name, node) in directory.entries
            where !name.hasPrefix(".") && !node.isKnownWhole {
                let isWhole =
                    switch name.split(separator: ".").first ?? "" {
                    case "video":
                        provider.video(id)?.versions.contains(node.bytes) ?? false
                    case "thumbnail": node.bytes == Media.thumbnail
                    case "spritesheet": node.bytes == Media.sheet
                    default: (try? JSONParser.parse(node.bytes)) != nil
                    }
                oracle.expect(isWhole, "\(id)/\(name) is not whole")
                node.isKnownWhole = isWhole
            }
        }
    }

    /// What the journal says when everything is over.
    struct Findings {
        var entries: [JournalEntry] = []
        var steps: [Int64: [StepRecord]] = [:]
        var jobs: [VideoJob] = []
        var assets: [AssetRecord] = []
        var totals = StoredTotals(videoCount: 0, byteCount: 0)
        var replays: [ReplayJob] = []
        var faults: [String] = []
    }

    /// Whether nothing is left to be done.
    func isSettled(_ journal: Journal) async -> Bool {
        // Whatever there is to be told of a video is told some seconds after its end.
        let lastEnd = provider.videos.map(\.endsAt).max() ?? 0
        guard deliveries.openCount == 0, world.trueMilliseconds > lastEnd + 10_000 else {
            return false
        }
        do {
            var pending = EntryQuery()
            pending.states = [.pending, .running, .waiting]
            var open = JobQuery()
            open.states = [.open]
            guard try await journal.driver.count(pending) == 0 else { return false }
            guard try await journal.driver.jobs(open).isEmpty else { return false }
            var removals = JobQuery()
            removals.states = [.completed, .failed]
            removals.removalDueAt = Timestamp(secondsSinceEpoch: 1 << 33)
            guard try await journal.driver.jobs(removals).isEmpty else { return false }
            guard try await journal.driver.leavingVideos(limit: 1).isEmpty else { return false }
            return try await journal.driver.replays().allSatisfy { $0.state != .running }
        } catch {
            return false
        }
    }

    func read(_ journal: Journal) async throws(JournalError) -> Findings {
        var findings = Findings()
        var query = EntryQuery()
        query.limit = 10_000
        query.order = .oldestFirst
        findings.entries = try await journal.driver.entries(query)
        findings.steps = try await journal.driver.steps(of: findings.entries.map(\.sequence))
        var jobs = JobQuery()
        jobs.limit = 10_000
        findings.jobs = try await journal.driver.jobs(jobs)
        for job in findings.jobs {
            findings.assets += try await journal.driver.assets(
                provider: job.provider,
                videoID: job.id
            )
        }
        findings.totals = try await journal.driver.storedTotals()
        findings.replays = try await journal.driver.replays()
        if let driver = (journal.driver as? WatchedDriver)?.sqlite {
            findings.faults = try await driver.integrityFaults()
            let wrong = try await driver.contradictions() + driver.misplacedKeys()
            findings.faults += wrong.map { $0.place + " " + $0.message }
        }
        return findings
    }

    func check(_ findings: Findings) {
        for fault in findings.faults { oracle.violation("the journal is damaged: \(fault)") }
        checkEntries(findings)
        checkRuns(findings)
        checkFiles(findings)
        checkRemovals(findings)
        for video in provider.videos { check(video, findings) }
    }

    private func checkEntries(_ findings: Findings) {
        var byDelivery: [String: JournalEntry] = [:]
        var facts: [String: Int64] = [:]
        for entry in findings.entries {
            if let id = entry.webhookID {
                oracle.expect(byDelivery[id] == nil, "delivery \(id) is stored twice")
                byDelivery[id] = entry
            }
            switch entry.state {
            case .pending, .running, .waiting:
                oracle.violation("entry \(entry.sequence) is \(entry.state) to the end")
            case .done, .dead, .discarded:
                guard entry.origin != .replay, let video = entry.videoID?.rawValue,
                    ["video.completed", "video.failed"].contains(entry.type)
                else { continue }
                oracle.expect(facts[video] == nil, "the end of \(video) has run twice")
                facts[video] = entry.sequence
            case .unhandled, .duplicate, .contradicted: break
            }
        }
        for (id, body) in oracle.acknowledged {
            oracle.expect(
                byDelivery[id] != nil || oracle.mayHaveGone(delivery: id),
                "delivery \(id) was acknowledged and is lost"
            )
            if let entry = byDelivery[id] {
                oracle.expect(entry.body == body, "delivery \(id) has another body now")
            }
        }
        let known = Dictionary(uniqueKeysWithValues: findings.entries.map { ($0.sequence, $0) })
        for (sequence, entry) in oracle.entries {
            if known[sequence] == nil, oracle.departures.entries.contains(sequence) { continue }
            oracle.expect(
                known[sequence]?.body == entry.body && known[sequence]?.type == entry.type,
                "entry \(sequence) was appended and is not there"
            )
        }
    }

    private func checkRuns(_ findings: Findings) {
        for (key, run) in oracle.runs where run.isSure {
            let line = oracle.plans[key.chain]?.line(of: key.firstStep)
            let steps = (findings.steps[key.sequence] ?? []).filter {
                $0.chain == key.chain && line?.contains($0.index) ?? true
            }
            if steps.isEmpty, oracle.departures.entries.contains(key.sequence) { continue }
            oracle.expect(!steps.isEmpty, "\(key) was planned and is not there")
            let doneCount = key.firstStep + steps.count { $0.state == .done }
            oracle.expect(
                doneCount >= run.doneCount,
                "\(key) had \(run.doneCount) steps done and has \(doneCount)"
            )
            let dead = steps.first { $0.state == .dead || $0.state == .discarded }
            switch run.state {
            case .dead:
                oracle.expect(dead?.state == .dead, "the dead letter of \(key) is gone")
                oracle.expect(dead?.reason != nil, "the dead letter of \(key) has no reason")
            case .discarded:
                oracle.expect(dead?.state == .discarded, "\(key) was discarded and is not")
            case .open, .done: break
            }
        }
        for entry in findings.entries where entry.state == .done {
            let left = findings.steps[entry.sequence]?.first { $0.state != .done }
            oracle.expect(
                left == nil,
                "event \(entry.sequence) is done and its \(left?.name ?? "") is not"
            )
        }
        for (sequence, steps) in findings.steps {
            for step in steps where step.state == .done && step.name.hasPrefix("notify") {
                let id = oracle.handlerIDs["\(sequence)/\(step.chain)/\(step.name)"]
                oracle.expect(
                    id.map { oracle.notifications[$0, default: 0] > 0 } ?? false,
                    "event \(sequence) is done and nobody was notified"
                )
            }
            for step in steps where step.state == .dead { check(step, of: sequence) }
        }
    }

    /// A dead letter is for what is not our own fault.
    private func check(_ step: StepRecord, of sequence: Int64) {
        let code = step.reason?.code ?? ""
        let ours = [
            "file_missing", "file_occupied", "file_changed", "invalid_name", "nothing_fetched",
            "unknown_chain", "unknown_step", "not_an_event", "disk_full", "journal_refused",
            "not_the_medium", "length_mismatch",
        ]
        oracle.expect(!ours.contains(code), "event \(sequence) is a dead letter by \(code)")
    }

    /// Each finished video is stored, or a dead letter, or its provider has lost it.
    private func check(_ video: SimulatedProvider.Video, _ findings: Findings) {
        guard let job = findings.jobs.first(where: { $0.id.rawValue == video.id }) else {
            let isPromised =
                (video.isKnown || oracle.jobs[video.id] != nil)
                && !oracle.departures.videos.contains(video.id)
            return oracle.expect(!isPromised, "\(video.id) was told of and is not known")
        }
        switch job.state {
        case .open: oracle.violation("\(video.id) is open to the end")
        case .lost:
            // What nobody told of while its link lived breaks no promise.
            let isUntold =
                job.origin == .list && job.expiresAt.map { $0 <= job.firstSeenAt } ?? false
            oracle.expect(
                !provider.knows(video.id) || isUntold,
                "\(video.id) is given up and is there"
            )
        case .failed, .deleted: break
        case .completed:
            let asset = findings.assets.first {
                $0.videoID.rawValue == video.id && $0.variant == "video"
            }
            guard asset?.state != .stored else {
                let isPromised = asset?.location.map { storage.node("/data/videos/" + $0) != nil }
                return oracle.expect(isPromised ?? false, "\(video.id) is stored and has no file")
            }
            guard !oracle.mayLack(filesOf: video.id) else { return }
            let ends = findings.entries.filter {
                $0.videoID?.rawValue == video.id && $0.type == "video.completed"
            }
            var reasons: [String] = []
            for step in ends.flatMap({ findings.steps[$0.sequence] ?? [] })
            where step.chain == "completed" && [.dead, .discarded].contains(step.state) {
                if let code = step.reason?.code { reasons.append(code) }
            }
            oracle.expect(
                !reasons.isEmpty || oracle.mayHaveGone(letterOf: video.id),
                "\(video.id) is neither stored nor a dead letter"
            )
            if reasons.contains("expired") {
                oracle.expect(
                    !provider.knows(video.id) || world.trueMilliseconds >= video.expiresAt,
                    "\(video.id) is given up as expired and is not"
                )
            }
        }
    }
}
