package import ReelJournal
package import ReelObservability
package import ReelProviders
package import ReelRuntime

/// Deletes videos at their providers, and again where that failed, until it is done or given up.
///
/// What failed stands in the journal with the video's job: how often, why and when it is due again.
/// Nothing of it is lost by a restart.
package struct ProviderDeletion: Sendable {
    /// How long a deletion is tried.
    package struct Policy: Sendable, Hashable {
        /// The attempts in all, the first included; at least 1.
        package var attemptCountMax = 30
        /// The wait after the first attempt, which doubles with each.
        package var base: Duration = .seconds(5)
        /// The longest wait; a provider may ask for as much.
        package var cap: Duration = .seconds(3600)

        package init() {}

        /// The wait after the attempt of that number, counted from 1.
        func wait(after attempt: Int, asked: Duration?) -> Duration {
            let doubled = base * (1 << min(max(attempt - 1, 0), 20))
            return min(max(doubled, asked ?? .zero), cap)
        }
    }

    /// What became of a deletion.
    package enum Outcome: Sendable, Hashable {
        /// It is gone there, or was before.
        case deleted
        case waiting(ProviderRemoval)
        case givenUp(ProviderRemoval)
        /// The job cannot be deleted, or its provider is not in the configuration.
        case notAsked
    }

    private let journal: Journal
    private let providers: [any VideoProvider]
    private let policy: Policy
    private let time: any TimeSource
    private let logger: Logger
    private let counters: [String: Counter]

    private static let pageLimit = 100

    package init(
        journal: Journal,
        providers: [any VideoProvider],
        policy: Policy,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.journal = journal
        self.providers = providers
        self.policy = policy
        self.time = time
        self.logger = logger
        counters = Dictionary(
            uniqueKeysWithValues: ["deleted", "failed", "given_up"].map { result in
                let counter = metrics.counter(
                    "reelhook_provider_deletions_total",
                    help: "Deletions of videos at their providers, by what became of them.",
                    labels: ["result": result]
                )
                return (result, counter)
            }
        )
    }

    /// Deletes a job's video now.
    ///
    /// - Throws: `JournalError`, or `CancellationError` where nothing is known of the outcome.
    package func attempt(_ job: VideoJob) async throws -> Outcome {
        guard job.state.mayBecome(.deleted),
            let provider = providers.first(where: { $0.name == job.provider })
        else { return .notAsked }
        do throws(ProviderError) {
            _ = try await provider.delete(job.id.rawValue)
        } catch {
            switch error.kind {
            case .notFound, .expired: break
            case .cancelled: throw CancellationError()
            case .unreachable, .timedOut, .interrupted, .tls, .destinationRefused, .unauthorized,
                .forbidden, .conflict, .rateLimited, .invalidRequest, .contentPolicy,
                .unsupportedValue, .unsupportedEncoding, .tooLarge, .quotaExceeded, .billing,
                .modelNotFound, .notReady, .overloaded, .serverError, .gatewayError, .notJSON,
                .unexpectedShape, .redirected:
                let status = error.status.map { "status \($0)" }
                let reason = Reason(error.kind.rawValue, status)
                return try await note(reason, asked: error.retryAfter, of: job)
            }
        }
        var update = news(of: job)
        update.state = .deleted
        try await journal.record(update)
        counters["deleted"]?.increment()
        return .deleted
    }

    /// Deletes what is due, the first 100 of them.
    ///
    /// - Returns: When to look again at the latest; nil when nothing waits by then.
    /// - Throws: `JournalError`, or `CancellationError`.
    package func round(within span: Duration) async throws -> Timestamp? {
        for job in try await jobs(dueBy: time.now()) {
            try Task.checkCancellation()
            guard case .notAsked = try await attempt(job) else { continue }
            // Its provider is not in the configuration any more, or it was lost meanwhile.
            _ = try await note(Reason("not_asked"), asked: policy.cap, of: job)
        }
        return try await jobs(dueBy: time.now() + span).compactMap { $0.removal?.dueAt }.min()
    }

    private func jobs(dueBy moment: Timestamp) async throws(JournalError) -> [VideoJob] {
        var query = JobQuery()
        query.removalDueAt = moment
        query.limit = Self.pageLimit
        return try await journal.driver.jobs(query)
    }

    /// Keeps that an attempt failed.
    private func note(
        _ reason: Reason,
        asked: Duration?,
        of job: VideoJob
    ) async throws(JournalError) -> Outcome {
        // One that was given up and is asked for anew begins anew.
        let known = job.removal?.dueAt == nil ? 0 : job.removal?.failureCount ?? 0
        let count = known + 1
        let isLast = count >= policy.attemptCountMax
        let wait = policy.wait(after: count, asked: asked)
        let removal = ProviderRemoval(
            isLast ? .givenUp : .waiting(until: time.now() + wait),
            failureCount: count,
            reason: reason
        )
        var update = news(of: job)
        update.removal = removal
        try await journal.record(update)
        counters[isLast ? "given_up" : "failed"]?.increment()
        logger.warning(
            isLast
                ? "the deletion of a video at its provider is given up"
                : "a video could not be deleted at its provider",
            [
                "video.id": .string(job.id.rawValue), "reason": .string(reason.description),
                "failures": .integer(Int64(count)),
            ]
        )
        return isLast ? .givenUp(removal) : .waiting(removal)
    }

    private func news(of job: VideoJob) -> JobUpdate {
        JobUpdate(provider: job.provider, id: job.id, origin: job.origin, moment: time.now())
    }
}
