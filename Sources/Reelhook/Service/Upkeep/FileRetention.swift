package import ReelAssets
package import ReelEvents
package import ReelJournal
package import ReelObservability
package import ReelProviders
internal import ReelReconciler
package import ReelRuntime

/// Deletes stored files: those that the retention of files does not keep, and those that an
/// operator lets go.
///
/// First the journal says that a file is to go, then the provider's and our own are deleted, then
/// the journal says that it is gone: a crash in between leaves what is done again. What the
/// provider does not delete holds up nothing here: the journal keeps it, and it is tried again.
package struct FileRetention: Sendable {
    private let journal: Journal
    private let store: any AssetStore
    private let deletion: ProviderDeletion
    private let settings: FileRetentionSettings
    private let bell: Doorbell
    private let clock: UpkeepClock
    private let time: any TimeSource
    private let logger: Logger
    private let metrics: UpkeepMetrics

    /// From the end of a round to the next.
    package static let interval: Duration = .seconds(600)
    /// The same after a round that something held up.
    package static let errorWait: Duration = .seconds(60)
    private static let pageLimit = 100

    package init(
        journal: Journal,
        store: any AssetStore,
        providers: [any VideoProvider],
        settings: FileRetentionSettings,
        bell: Doorbell,
        clock: UpkeepClock,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.journal = journal
        self.store = store
        deletion = ProviderDeletion(
            journal: journal,
            providers: providers,
            policy: settings.deletion,
            time: time,
            logger: logger,
            metrics: metrics
        )
        self.settings = settings
        self.bell = bell
        self.clock = clock
        self.time = time
        self.logger = logger
        self.metrics = UpkeepMetrics(metrics)
    }

    /// Works now, when the bell rings and at intervals until it is cancelled.
    ///
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func run() async throws {
        while true {
            let isWhole = try await round()
            let wait = min(isWhole ? Self.interval : Self.errorWait, try await askProviders())
            await bell.wait(atMost: wait, time)
            try Task.checkCancellation()
        }
    }

    /// Deletes at the providers what is due there.
    ///
    /// - Returns: When to do so again.
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func askProviders() async throws -> Duration {
        do {
            guard let next = try await deletion.round(within: Self.interval) else {
                return Self.interval
            }
            return min(max(next - time.now(), .milliseconds(100)), Self.interval)
        } catch let error as JournalError {
            guard error != .closed else { throw error }
            logger.warning("files could not be deleted", ["reason": .string(error.code)])
            return Self.errorWait
        }
    }

    /// Deletes what is to be deleted now.
    ///
    /// - Returns: Whether all of it is gone.
    /// - Throws: `JournalError.closed`, or `CancellationError`.
    package func round() async throws -> Bool {
        do {
            if let age = settings.age {
                let oldest = try await clock.now() - age
                try await release(Reason("retention_days")) { $0.lastAt < oldest }
            }
            if let most = settings.videoCountMax {
                var excess = try await journal.driver.storedTotals().videoCount - most
                try await release(Reason("retention_videos")) { _ in
                    excess -= 1
                    return excess >= 0
                }
            }
            if let most = settings.byteCountMax {
                var excess = try await journal.driver.storedTotals().byteCount - most
                try await release(Reason("retention_bytes")) { video in
                    defer { excess -= video.byteCount }
                    return excess > 0
                }
            }
            return try await deleteLeaving()
        } catch let error as JournalError {
            guard error != .closed else { throw error }
            logger.warning("files could not be deleted", ["reason": .string(error.code)])
            return false
        }
    }

    // MARK: What is to go

    /// Lets the files of videos go, the first stored first, until one is to stay.
    ///
    /// A video whose chain is at work is passed over: its turn comes again.
    private func release(
        _ reason: Reason,
        while isToGo: (StoredVideo) -> Bool
    ) async throws {
        var start = Timestamp(secondsSinceEpoch: 0)
        var seen: Set<StoredVideo> = []
        while true {
            let page = try await journal.driver.storedVideos(from: start, limit: Self.pageLimit)
            let fresh = page.filter { !seen.contains($0) }
            guard let last = page.last else { return }
            for video in fresh {
                guard isToGo(video) else { return }
                _ = try await journal.driver.releaseFiles(
                    provider: video.provider,
                    videoID: video.id,
                    reason: reason,
                    at: time.now()
                )
            }
            seen = Set(page)
            // More videos than a page holds that were stored in one millisecond, and all busy.
            start = fresh.isEmpty ? last.lastAt + .milliseconds(1) : max(start, last.firstAt)
            if fresh.isEmpty, page.count < Self.pageLimit { return }
        }
    }

    // MARK: What goes

    private func deleteLeaving() async throws -> Bool {
        var held: Set<StoredVideo> = []
        while true {
            let leaving = try await journal.driver.leavingVideos(
                limit: Self.pageLimit + held.count * 3
            ).filter { !held.contains($0) }
            guard !leaving.isEmpty else { return held.isEmpty }
            for video in leaving {
                try Task.checkCancellation()
                if try await !delete(video) { held.insert(video) }
            }
            guard held.count < 1_000 else { return false }
        }
    }

    /// Deletes the files of a video wherever they are to be deleted.
    ///
    /// - Returns: Whether they are gone.
    private func delete(_ video: StoredVideo) async throws -> Bool {
        guard try await !isShared(video) else { return false }
        if settings.deletesAtProvider { try await deleteAtProvider(video) }
        do throws(AssetError) {
            try await store.delete(provider: video.provider, videoID: video.id.rawValue)
        } catch {
            note("the files of a video could not be deleted", video, error.code)
            return false
        }
        try await journal.driver.noteDeleted(
            provider: video.provider,
            videoID: video.id,
            at: time.now()
        )
        journal.wakeReaders()
        metrics.countFiles(byteCount: video.byteCount)
        logger.info(
            "the files of a video have been deleted",
            ["video.id": .string(video.id.rawValue), "bytes": .integer(video.byteCount)]
        )
        return true
    }

    /// Whether another provider has a video of the same id, whose files are in the same folder.
    private func isShared(_ video: StoredVideo) async throws -> Bool {
        var query = JobQuery()
        query.id = video.id
        for job in try await journal.driver.jobs(query) where job.provider != video.provider {
            let files = try await journal.driver.assets(provider: job.provider, videoID: job.id)
            if files.contains(where: { $0.state == .stored }) { return true }
        }
        return false
    }

    /// Deletes a video at its provider, unless that is done, waits for its time or was given up.
    private func deleteAtProvider(_ video: StoredVideo) async throws {
        let job = try await journal.driver.job(provider: video.provider, id: video.id)
        guard let job, job.removal == nil else { return }
        _ = try await deletion.attempt(job)
    }

    private func note(_ message: StaticString, _ video: StoredVideo, _ reason: String) {
        logger.warning(
            message,
            ["video.id": .string(video.id.rawValue), "reason": .string(reason)]
        )
    }
}
