internal import ReelHTTP
internal import ReelObservability

/// The numbers of one listener.
struct HTTPServerMetrics: Sendable {
    let connections: Gauge
    let accepted: Counter
    let connectionsRefused: Counter
    private let responses: [Counter]
    private let metrics: Metrics
    private let listener: String

    init(_ metrics: Metrics, listener: String) {
        self.metrics = metrics
        self.listener = listener
        connections = metrics.gauge(
            "reelhook_http_connections",
            help: "Connections that are open.",
            labels: ["listener": listener]
        )
        accepted = metrics.counter(
            "reelhook_http_connections_accepted_total",
            help: "Connections that were accepted and served.",
            labels: ["listener": listener]
        )
        connectionsRefused = metrics.counter(
            "reelhook_http_connections_refused_total",
            help: "Connections that were turned away because there were too many.",
            labels: ["listener": listener]
        )
        responses = (1...5).map { digit in
            metrics.counter(
                "reelhook_http_responses_total",
                help: "Responses by the class of their status.",
                labels: ["listener": listener, "class": "\(digit)xx"]
            )
        }
    }

    func answered(_ status: HTTPStatus) {
        responses[status.code / 100 - 1].increment()
    }

    /// Counts a request that was refused before it reached a handler.
    func refused(_ rule: HTTPRule) {
        metrics.counter(
            "reelhook_http_requests_refused_total",
            help: "Requests that were refused by the decoder, by the rule that they broke.",
            labels: ["listener": listener, "rule": rule.rawValue]
        ).increment()
    }

    /// Counts a connection that was ended because the client was too slow.
    func timedOut(_ phase: StaticString) {
        metrics.counter(
            "reelhook_http_timeouts_total",
            help: "Connections that were ended because the client was too slow, by phase.",
            labels: ["listener": listener, "phase": "\(phase)"]
        ).increment()
    }
}
