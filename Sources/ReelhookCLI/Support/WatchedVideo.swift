internal import ReelConsole
internal import ReelJSON
internal import ReelJournal

/// A video as the journal has it at a moment, for whoever waits for it.
struct WatchedVideo: Sendable {
    let job: VideoJob
    let assets: [AssetRecord]
    /// The state of its newest event that a chain runs, if there is one.
    let eventState: EventState?
    let eventReason: Reason?

    /// Reads the video of any provider; nil when none is known.
    static func read(_ id: VideoID, _ journal: JournalReader) async throws -> WatchedVideo? {
        var query = JobQuery()
        query.limit = 1
        query.id = id
        guard let job = try await journal.driver.jobs(query).first else { return nil }
        let assets = try await journal.driver.assets(provider: job.provider, videoID: id)
        var events = EntryQuery()
        events.videoID = id
        events.limit = 20
        let listed = try await journal.driver.entries(events)
        let event = listed.first { $0.state != .duplicate && $0.state != .contradicted }
        return WatchedVideo(
            job: job,
            assets: assets,
            eventState: event?.state,
            eventReason: event?.reason
        )
    }

    var json: JSONValue { EntryListing.json(job, assets: assets) }

    var isStored: Bool { assets.contains { $0.variant == "video" && $0.state == .stored } }

    /// How waiting ends; nil to go on.
    var verdict: ExitCode? {
        if isStored, eventState != .running, eventState != .pending { return .done }
        switch job.state {
        case .failed, .lost, .deleted: return .failed
        case .open, .completed: break
        }
        switch eventState {
        case .dead, .discarded, .unhandled: return .failed
        case .done: return isStored ? .done : .failed
        case .pending, .running, .waiting, .duplicate, .contradicted, nil: return nil
        }
    }
}
