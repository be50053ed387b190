internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime
internal import ReelWebhooks

/// The public listener's routes: verify, append, answer.
///
/// Nothing is fetched here and nobody waits for a handler.
struct Intake: Sendable {
    /// An endpoint and what checks its deliveries.
    struct Endpoint: Sendable {
        let name: String
        let path: String
        let provider: String
        /// Where deliveries may come from; nil for anywhere.
        let allowedNetworks: [NetworkBlock]?

        func allows(_ peer: HTTPPeer) -> Bool {
            guard let allowedNetworks else { return true }
            guard let address = peer.ipAddress else { return false }
            return allowedNetworks.contains { $0.contains(address) }
        }

        /// What checks deliveries now; secrets may change while the service runs.
        let verifier: @Sendable () -> WebhookVerifier
    }

    private let journal: Journal
    private let readiness: Readiness
    private let time: any TimeSource
    private let logger: Logger
    private let metrics: IntakeMetrics

    init(
        journal: Journal,
        readiness: Readiness,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) {
        self.journal = journal
        self.readiness = readiness
        self.time = time
        self.logger = logger.named("intake")
        self.metrics = IntakeMetrics(metrics)
    }

    func routes(_ endpoints: [Endpoint]) -> HTTPRouter {
        var router = HTTPRouter()
        for endpoint in endpoints {
            router.on(.post, endpoint.path) { request, _, peer in
                await receive(request, from: peer, by: endpoint)
            }
        }
        router.on(.get, "/healthz") { _, _, _ in Answer.healthy }
        router.on(.get, "/readyz") { _, _, _ in await readiness.response() }
        return router
    }

    private func receive(
        _ request: HTTPRequest,
        from peer: HTTPPeer,
        by endpoint: Endpoint
    ) async -> HTTPResponse {
        let start = time.uptime()
        guard endpoint.allows(peer) else {
            metrics.notAllowed.increment()
            return refused(by: endpoint, peer, "network_not_allowed")
        }
        let delivery: VerifiedDelivery
        do throws(VerificationFailure) {
            delivery = try endpoint.verifier().verify(request, receivedAt: time.now())
        } catch {
            metrics.refused(error)
            return refused(by: endpoint, peer, error.rawValue)
        }
        do throws(JournalError) {
            let draft = EntryDraft(delivery: delivery, provider: endpoint.provider)
            let outcome = try await journal.append(draft)
            readiness.noteStored()
            metrics.latency.observe(time.uptime() - start)
            return accepted(outcome, delivery)
        } catch {
            readiness.noteFailure(error)
            metrics.unavailable.increment()
            logger.error(
                "delivery could not be stored",
                ["webhook.id": .string(delivery.webhookID), "reason": .string(error.code)]
            )
            return Answer.unavailable
        }
    }

    /// Says why in the log only: who tries is not to learn which of the conditions failed.
    private func refused(
        by endpoint: Endpoint,
        _ peer: HTTPPeer,
        _ reason: String
    ) -> HTTPResponse {
        logger.warning(
            "delivery refused",
            [
                "endpoint": .string(endpoint.name),
                "reason": .string(reason),
                "peer.address": .string(peer.address),
            ]
        )
        return Answer.refused
    }

    private func accepted(_ outcome: AppendOutcome, _ delivery: VerifiedDelivery) -> HTTPResponse {
        switch outcome {
        case .redelivery(let sequence):
            metrics.duplicate.increment()
            logger.debug(
                "delivery came again",
                ["webhook.id": .string(delivery.webhookID), "event.sequence": .integer(sequence)]
            )
            return Answer.duplicate
        case .appended(let sequence):
            metrics.accepted.increment()
            logger.debug(
                "delivery stored",
                ["webhook.id": .string(delivery.webhookID), "event.sequence": .integer(sequence)]
            )
        case .duplicateFact(let sequence, let first):
            metrics.accepted.increment()
            logger.info(
                "delivery tells what is known",
                ["event.sequence": .integer(sequence), "event.first": .integer(first)]
            )
        case .contradiction(let sequence, let first):
            metrics.accepted.increment()
            logger.warning(
                "delivery contradicts what is recorded",
                ["event.sequence": .integer(sequence), "event.first": .integer(first)]
            )
        }
        return Answer.received
    }
}

/// The intake's answers, made once; none of them says more than the contract does.
private enum Answer {
    static let received = json(.ok, #"{"received":true}"#)
    static let duplicate = json(.ok, #"{"received":true,"duplicate":true}"#)
    static let refused = json(.unauthorized, #"{"error":"unauthorized"}"#)
    static let healthy = json(.ok, #"{"status":"ok"}"#)
    static let unavailable = {
        var answer = json(.serviceUnavailable, #"{"error":"unavailable"}"#)
        answer.fields.set("Retry-After", "5")
        return answer
    }()

    private static func json(_ status: HTTPStatus, _ text: String) -> HTTPResponse {
        .json(status, Array(text.utf8))
    }
}

/// What the intake counts.
private struct IntakeMetrics: Sendable {
    let accepted: Counter
    let duplicate: Counter
    let unavailable: Counter
    let notAllowed: Counter
    let latency: Histogram
    private let refusals: [VerificationFailure: Counter]

    init(_ metrics: Metrics) {
        func deliveries(_ outcome: String, _ reason: String = "") -> Counter {
            metrics.counter(
                "reelhook_deliveries_total",
                help: "Deliveries by what became of them.",
                labels: ["outcome": outcome, "reason": reason]
            )
        }
        accepted = deliveries("accepted")
        duplicate = deliveries("duplicate")
        unavailable = deliveries("unavailable")
        notAllowed = deliveries("refused", "network_not_allowed")
        latency = metrics.histogram(
            "reelhook_delivery_seconds",
            help: "From a whole request to its delivery on disk."
        )
        refusals = Dictionary(
            uniqueKeysWithValues: VerificationFailure.allCases.map {
                ($0, deliveries("refused", $0.rawValue))
            }
        )
    }

    func refused(_ failure: VerificationFailure) {
        refusals[failure]?.increment()
    }
}
