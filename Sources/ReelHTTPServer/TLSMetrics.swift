internal import ReelCrypto
internal import ReelObservability
internal import ReelRuntime

/// The numbers of one listener's TLS.
struct TLSMetrics: Sendable {
    private let full: Counter
    private let resumed: Counter
    private let replaced: Counter
    private let notReplaced: Counter
    private let isStale: Gauge
    private let expiry: Gauge
    private let metrics: Metrics
    private let listener: String

    init(_ metrics: Metrics, listener: String) {
        self.metrics = metrics
        self.listener = listener
        func handshakes(_ outcome: String) -> Counter {
            metrics.counter(
                "reelhook_tls_handshakes_total",
                help: "Handshakes by how they ended.",
                labels: ["listener": listener, "outcome": outcome]
            )
        }
        func reloads(_ outcome: String) -> Counter {
            metrics.counter(
                "reelhook_tls_certificate_reloads_total",
                help: "Changes of the certificate's files by what became of them.",
                labels: ["listener": listener, "outcome": outcome]
            )
        }
        full = handshakes("full")
        resumed = handshakes("resumed")
        replaced = reloads("replaced")
        notReplaced = reloads("failed")
        isStale = metrics.gauge(
            "reelhook_tls_certificate_stale",
            help: "1 while the files hold a certificate that cannot be used and the old one is.",
            labels: ["listener": listener]
        )
        expiry = metrics.gauge(
            "reelhook_tls_certificate_expiry_timestamp_seconds",
            help: "When the certificate in use expires, in Unix time.",
            labels: ["listener": listener]
        )
    }

    func established(_ session: TLSSession) {
        (session.isResumed ? resumed : full).increment()
    }

    func failed(_ error: TLSError) {
        failed(error.code)
    }

    /// Counts a handshake or a session that failed, by a fixed word.
    func failed(_ code: String) {
        metrics.counter(
            "reelhook_tls_failures_total",
            help: "Handshakes and sessions that failed, by reason.",
            labels: ["listener": listener, "reason": code]
        ).increment()
    }

    func serving(until moment: Timestamp) {
        expiry.set(moment.secondsSinceEpoch)
        isStale.set(0)
    }

    func reloaded() {
        replaced.increment()
    }

    func keptOld() {
        notReplaced.increment()
        isStale.set(1)
    }
}
