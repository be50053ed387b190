internal import ReelHTTP
internal import ReelJournal
internal import ReelRuntime
internal import Reelhook

// Worlds that keep things for a short time.
extension Simulation {
    /// What an operator wants to be gone, and what is told of once more when that has gone.
    func planDepartures(until end: Int) {
        guard let brevity else { return }
        provider.weather.refusedDeletion = brevity.refusesDeletions
        for _ in 0..<keep.below(7) {
            world.after(.seconds(keep.below(end))) { [self] in depart() }
        }
    }

    private func depart() {
        let videos = provider.videos
        let video = videos.isEmpty ? nil : videos[keep.below(videos.count)]
        switch (keep.below(6), video) {
        case (0, let video?):
            world.note("the operator: delete the files of \(video.id)")
            oracle.departures.wanted.insert(video.id)
            ask("/control/videos/\(video.id)/files/delete", "{}")
        case (1, let video?) where world.trueMilliseconds > video.endsAt:
            world.note("the operator: delete \(video.id)")
            ask("/v1/videos/\(video.id)?retry=true", "", .delete)
        case (2, let video?) where world.trueMilliseconds > video.endsAt:
            let type = video.end == .completed ? "video.completed" : "video.failed"
            deliveries.tell(type, of: video)
        case (3, _), (4, _):
            let rate = [1_000, 50_000][keep.below(2)]
            world.note("the operator: replay everything")
            ask("/control/events/replay", #"{"filter":{},"rate":\#(rate)}"#)
        default:
            let deed = ["stop", "continue", "continue"][keep.below(3)]
            ask("/control/replays/\(keep.within(1...3))/\(deed)", "{}")
        }
    }

    /// Looks after the journal and the files, more often than a service does that is not restarted.
    func lookAfter(_ core: ServiceCore, in process: SimulatedProcess) async {
        guard let brevity else {
            try? await core.upkeep()
            return
        }
        repeat {
            let round = process.place.start { try? await core.upkeep() }
            try? await process.time.sleep(for: brevity.interval)
            round.cancel()
            await round.value
        } while !Task.isCancelled
    }

    // MARK: What is left

    /// Nothing is left that was to be deleted at a moment, after which there was time for that.
    func checkAges(_ findings: Findings, at moment: Timestamp) {
        let (spans, files) = (oracle.departures.spans, oracle.departures.files)
        for entry in findings.entries {
            guard let span = entry.state.span, !moves(entry.sequence) else { continue }
            let limit = moment - spans[span]
            let ends = (findings.steps[entry.sequence] ?? []).compactMap(\.finishedAt)
            oracle.expect(
                entry.receivedAt >= limit || ends.contains { $0 >= limit },
                "entry \(entry.sequence) is old, \(entry.state) and kept"
            )
        }
        let last = findings.replays.map(\.number).max()
        for replay in findings.replays where replay.state == .done && replay.number != last {
            oracle.expect(
                replay.updatedAt >= moment - spans[.replays],
                "replay \(replay.number) is old, done and kept"
            )
        }
        let stored = findings.assets.filter { $0.state == .stored }
        let videos = Dictionary(grouping: stored, by: \.videoID)
        if let age = files.age {
            for (id, its) in videos {
                oracle.expect(
                    its.contains { $0.updatedAt >= moment - age },
                    "the files of \(id) are old and kept"
                )
            }
        }
        let byteCount = stored.reduce(0) { $0 + $1.byteCount }
        oracle.expect(
            videos.count <= files.videoCountMax ?? .max && byteCount <= files.byteCountMax ?? .max,
            "\(videos.count) videos of \(byteCount) bytes are kept"
        )
    }

    /// Whether nobody knows for sure what became of an entry's runs.
    private func moves(_ sequence: Int64) -> Bool {
        oracle.runs.contains { $0.sequence == sequence && !$1.isSure }
    }

    /// What the journal says of files is what is on the disk, and at the provider.
    func checkFiles(_ findings: Findings) {
        var places: Set<String> = []
        for asset in findings.assets {
            let id = asset.videoID.rawValue
            switch asset.state {
            case .stored:
                let location = asset.location ?? ""
                let node = storage.node("/data/videos/" + location)
                let byteCount = node.map { Int64($0.bytes.count) }
                oracle.expect(
                    node?.sha256 == asset.sha256 && byteCount == asset.byteCount,
                    "\(location) is stored and is not what it was"
                )
                places.insert(location)
            case .leaving: oracle.violation("a file of \(id) is leaving to the end")
            case .pending, .partial, .fetched, .absent, .lost, .deleted: break
            }
        }
        let totals = findings.totals
        let stored = findings.assets.filter { $0.state == .stored }
        oracle.expect(
            totals.videoCount == Set(stored.map(\.videoID)).count
                && totals.byteCount == stored.reduce(0) { $0 + $1.byteCount },
            "\(totals.videoCount) videos of \(totals.byteCount) bytes are said to be stored"
        )
        for (id, directory) in storage.node("/data/videos")?.entries ?? [:]
        where directory.isDirectory && !id.hasPrefix(".") && !isUnended(id) {
            for name in directory.entries.keys
            where name != "manifest.json" && !name.hasPrefix(".") {
                oracle.expect(places.contains(id + "/" + name), "nobody knows of \(id)/\(name)")
            }
        }
    }

    /// Whether a chain of a video did not come to its end, and may come back for what it left.
    private func isUnended(_ id: String) -> Bool {
        oracle.runs.values.contains { $0.video == id && ($0.state != .done || !$0.isSure) }
    }

    /// What was to be deleted at the provider is, or somebody said that it is not.
    func checkRemovals(_ findings: Findings) {
        for job in findings.jobs {
            let id = job.id.rawValue
            // Of one that was lost meanwhile nobody is asked any more.
            if job.state != .lost, case .waiting? = job.removal?.state {
                oracle.violation("\(id) waits to be deleted at its provider to the end")
            }
            guard job.state == .completed, job.removal == nil,
                oracle.departures.files.deletesAtProvider
            else { continue }
            oracle.expect(
                !findings.assets.contains { $0.videoID == job.id && $0.state == .deleted },
                "the files of \(id) are deleted, and its provider was not asked to"
            )
        }
    }
}
