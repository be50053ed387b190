internal import ReelJournal
internal import ReelObservability
internal import ReelProviders

/// The numbers of one provider's poller.
struct ReconcilerMetrics: Sendable {
    private let metrics: Metrics
    private let provider: String
    let open: Gauge
    let isOut: Gauge
    let webhooksArrive: Gauge
    let adopted: Counter
    let ignored: Counter
    let strangers: Gauge
    let untold: Counter

    init(_ metrics: Metrics, provider: String) {
        self.metrics = metrics
        self.provider = provider
        let labels: KeyValuePairs<String, String> = ["provider": provider]
        open = metrics.gauge(
            "reelhook_jobs_open",
            help: "Videos whose end is waited for.",
            labels: labels
        )
        isOut = metrics.gauge(
            "reelhook_provider_out",
            help: "1 while polls go unanswered.",
            labels: labels
        )
        webhooksArrive = metrics.gauge(
            "reelhook_webhooks_arriving",
            help: "1 while the latest ends were told by webhook.",
            labels: labels
        )
        let help = "Videos in a list that nobody told of, by what was done."
        let name = "reelhook_videos_unannounced_total"
        adopted = metrics.counter(
            name,
            help: help,
            labels: ["provider": provider, "result": "adopted"]
        )
        ignored = metrics.counter(
            name,
            help: help,
            labels: ["provider": provider, "result": "ignored"]
        )
        strangers = metrics.gauge(
            "reelhook_videos_unlisted",
            help: "Videos that an event told of and the provider's list does not hold.",
            labels: labels
        )
        untold = metrics.counter(
            "reelhook_webhooks_missed_total",
            help: "Ends that no webhook told of, of a provider that sends webhooks.",
            labels: labels
        )
    }

    /// Counts a call: `retrieve` or `list`, and `ok` or the kind of its error.
    func countCall(_ operation: String, _ error: ProviderError?) {
        metrics.counter(
            "reelhook_provider_polls_total",
            help: "Calls of the reconciler to a provider, by operation and result.",
            labels: [
                "provider": provider, "operation": operation,
                "result": error?.kind.rawValue ?? "ok",
            ]
        ).increment()
    }

    func countObservation(_ outcome: AppendOutcome) {
        let word =
            switch outcome {
            case .appended: "first"
            case .duplicateFact, .redelivery: "seen_again"
            case .contradiction: "contradiction"
            }
        metrics.counter(
            "reelhook_observations_total",
            help: "Ends that polls found, by whether they were the first to tell.",
            labels: ["provider": provider, "result": word]
        ).increment()
    }

    func countLost(_ reason: Reason) {
        metrics.counter(
            "reelhook_jobs_lost_total",
            help: "Videos whose end is not waited for any more, by reason.",
            labels: ["provider": provider, "reason": reason.code]
        ).increment()
    }

    func countJournalError(_ error: JournalError) {
        metrics.counter(
            "reelhook_reconciler_journal_errors_total",
            help: "Calls of the reconciler that the journal refused, by code.",
            labels: ["code": error.code]
        ).increment()
    }
}
