internal import ReelJSON
package import ReelJournal
package import ReelProviders
package import ReelRuntime

/// What a provider said of a video, on its way into the journal; the same for whoever asked it.
package struct ProviderNews: Sendable {
    private let video: VideoObject
    private let id: VideoID
    private let provider: String
    private let origin: JobOrigin
    private let ordered: OrderedMedia?

    /// Takes an object, the id that it is known by, who was told if nobody knew of it, and what was
    /// ordered where that is known now.
    package init(
        _ video: VideoObject,
        of id: VideoID,
        at provider: String,
        origin: JobOrigin,
        ordered: OrderedMedia? = nil
    ) {
        self.ordered = ordered
        self.video = video
        self.id = id
        self.provider = provider
        self.origin = origin
    }

    /// What it says of the job, short of an end.
    package func update(at moment: Timestamp) -> JobUpdate {
        var update = JobUpdate(provider: provider, id: id, origin: origin, moment: moment)
        update.status = video.json["status"]?.string.map { String($0.prefix(64)) }
        update.progress = video.progress.map { min(max($0, 0), 100) }
        update.object = video.json.serialized()
        update.expiresAt = video.expiresAt
        update.keyPrint = video.keyPrint?.rawValue
        update.ordered = ordered
        return update
    }

    /// Remembers the job, and appends the end that it came to if that was not known.
    ///
    /// - Throws: `JournalError`; the poller asks again, so that it costs nothing but time.
    package func record(in journal: Journal, now: Timestamp) async throws(JournalError) {
        let job = try await journal.record(update(at: now))
        guard job.state == .open, case .ended(let terminal, let moment, let reason) = finding(now)
        else { return }
        _ = try await recordEnd(terminal, at: moment, reason, in: journal, now: now)
    }

    /// Appends an end as an observation, then what else is said of it unless that contradicts what
    /// was said before.
    package func recordEnd(
        _ terminal: TerminalState,
        at moment: Timestamp,
        _ reason: Reason?,
        in journal: Journal,
        now: Timestamp
    ) async throws(JournalError) -> AppendOutcome {
        let fact = Fact(provider: provider, videoID: id, terminal: terminal)
        let observation = Observation(fact: fact, occurredAt: moment, observedAt: now)
        let outcome = try await journal.append(EntryDraft(observation: observation))
        if case .contradiction = outcome { return outcome }
        var update = update(at: now)
        update.state = terminal == .completed ? .completed : .failed
        update.reason = reason
        try await journal.record(update)
        return outcome
    }

    private func finding(_ now: Timestamp) -> Finding { Finding(video, at: now) }
}
