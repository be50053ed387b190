package import ReelAssets
package import ReelEvents
package import ReelJournal
package import ReelObservability
package import ReelProviders
package import ReelRuntime

/// Brings the files of an event's video into the staging area, whole and checked.
///
/// Every attempt asks the provider anew what the video is, so that no attempt works from a link
/// that died meanwhile. The video comes first and decides on the outcome; a thumbnail or
/// spritesheet that is not to be had within a few short waits is noted as absent, or lost, and
/// holds nothing up.
package struct FetchHandler: Handler {
    let providers: [String: any VideoProvider]
    let staging: StagingArea
    let journal: Journal
    let variants: [Variant]
    let limits: FetchLimits
    let time: any TimeSource
    let logger: Logger
    let metrics: FetchMetrics

    /// Takes providers of different names; after the video, the variants are fetched in the order
    /// given.
    package init(
        providers: [any VideoProvider],
        staging: StagingArea,
        journal: Journal,
        variants: [String] = ["video", "thumbnail", "spritesheet"],
        limits: FetchLimits = FetchLimits(),
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.providers = Dictionary(
            providers.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        self.staging = staging
        self.journal = journal
        self.variants = variants.map { Variant(name: $0) }
        self.limits = limits
        self.time = time
        self.logger = logger.named("fetch")
        self.metrics = FetchMetrics(metrics)
    }

    package func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        guard let videoID = event.videoID else {
            return .giveUp(Reason("no_video", "the event names no video"))
        }
        guard let provider = providers[event.provider] else {
            return .giveUp(Reason("unknown_provider", "no provider of that name is configured"))
        }
        var attempt = FetchAttempt(
            handler: self,
            provider: provider,
            event: event,
            videoID: videoID,
            context: context
        )
        let outcome = await attempt.run()
        return await attempt.ended(outcome)
    }

    package func target(of event: Event) -> String? { "provider:" + event.provider }

    package var needsLink: Bool { true }
}
