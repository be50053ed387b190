internal import ReelJSON
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// What a provider said of a job in passing, on its way into the journal.
struct ProviderNews: Sendable {
    let video: VideoObject
    let provider: String
    let origin: JobOrigin

    /// Remembers the job, and appends the end that it came to if it did.
    ///
    /// A journal that cannot be written costs nothing but time: the poller asks again.
    func record(in context: ConsoleContext) async {
        guard let id = VideoID(video.id) else {
            return context.logger.warning(
                "a job's id cannot be kept",
                ["provider": .string(provider)]
            )
        }
        let now = context.time.now()
        var update = JobUpdate(provider: provider, id: id, origin: origin, moment: now)
        update.status = video.json["status"]?.string
        update.progress = video.progress
        update.object = video.json.serialized()
        update.expiresAt = video.expiresAt
        do throws(JournalError) {
            try await context.journal.record(update)
            guard let terminal else { return }
            let fact = Fact(provider: provider, videoID: id, terminal: terminal)
            let observation = Observation(
                fact: fact,
                occurredAt: video.completedAt ?? now,
                observedAt: now
            )
            let job = try await context.journal.driver.job(provider: provider, id: id)
            guard job?.state == .open else { return }
            _ = try await context.journal.append(EntryDraft(observation: observation))
        } catch {
            context.logger.warning(
                "news of a job could not be recorded",
                ["video.id": .string(id.rawValue), "reason": .string(error.code)]
            )
        }
    }

    private var terminal: TerminalState? {
        switch video.status {
        case .completed: .completed
        case .failed, .cancelled: .failed
        case .queued, .inProgress, .expired, .other: nil
        }
    }
}
