internal import ReelHTTP
internal import ReelObservability
internal import ReelRuntime

/// The numbers of one listener.
struct HTTPServerMetrics: Sendable {
    let connections: Gauge
    let resting: Gauge
    let accepted: Counter
    /// Turned away because there were too many in all.
    let connectionsRefused: Counter
    /// Turned away because its client had too many.
    let clientConnectionsRefused: Counter
    private let requestsLimited: Counter
    private let contentsRefused: Counter
    private let responses: [Counter]
    /// The counters of the rules that have been broken so far.
    private let refusals = Locked<[HTTPRule: Counter]>([:])
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
        resting = metrics.gauge(
            "reelhook_http_connections_resting",
            help: "Open connections that have waited for a request for a while.",
            labels: ["listener": listener]
        )
        accepted = metrics.counter(
            "reelhook_http_connections_accepted_total",
            help: "Connections that were accepted and served.",
            labels: ["listener": listener]
        )
        func refusals(_ reason: String) -> Counter {
            metrics.counter(
                "reelhook_http_connections_refused_total",
                help: "Connections that were turned away because there were too many.",
                labels: ["listener": listener, "reason": reason]
            )
        }
        connectionsRefused = refusals("all")
        clientConnectionsRefused = refusals("client")
        requestsLimited = metrics.counter(
            "reelhook_http_requests_limited_total",
            help: "Requests that were answered 429 because their client made too many.",
            labels: ["listener": listener]
        )
        contentsRefused = metrics.counter(
            "reelhook_http_contents_refused_total",
            help: "Requests that were answered 503 because too much content was under way.",
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
        if let known = refusals.withLock({ $0[rule] }) { return known.increment() }
        let counter = metrics.counter(
            "reelhook_http_requests_refused_total",
            help: "Requests that were refused by the decoder, by the rule that they broke.",
            labels: ["listener": listener, "rule": rule.rawValue]
        )
        refusals.withLock { $0[rule] = counter }
        counter.increment()
    }

    /// Counts a request that was answered 429.
    func limited() {
        requestsLimited.increment()
    }

    /// Counts a request whose content there was no room for.
    func contentRefused() {
        contentsRefused.increment()
    }

    /// Counts a connection of a trusted proxy that did not begin with a proper PROXY header.
    func proxyHeaderRefused(_ reason: String) {
        metrics.counter(
            "reelhook_http_proxy_headers_refused_total",
            help:
                "Connections of trusted proxies without a proper PROXY header, by what was wrong.",
            labels: ["listener": listener, "reason": reason]
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
