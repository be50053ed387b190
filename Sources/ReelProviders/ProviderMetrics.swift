internal import ReelObservability

/// The calls of a provider: their names are a metric's labels.
enum ProviderCall: String, Sendable {
    case create, retrieve, list, delete, remix, edit, extend, content, character, endpoints
    case createCharacter = "create_character"
}

/// Counts calls by what became of them.
struct ProviderMetrics: Sendable {
    private let metrics: Metrics

    init(_ metrics: Metrics) {
        self.metrics = metrics
    }

    /// One request was answered or failed; nil for success.
    func sent(_ call: ProviderCall, _ error: ProviderError?) {
        metrics.counter(
            "reelhook_provider_requests_total",
            help: "Requests to providers, repeated ones included, by call and how they ended.",
            labels: ["call": call.rawValue, "outcome": error?.kind.rawValue ?? "ok"]
        ).increment()
    }
}
