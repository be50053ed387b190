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
            metrics.count(.refused, Self.notAllowed)
            return refused(by: endpoint, peer, Self.notAllowed)
        }
        let delivery: VerifiedDelivery
        do throws(VerificationFailure) {
            delivery = try endpoint.verifier().verify(request, receivedAt: time.now())
        } catch {
            metrics.count(.refused, error.rawValue)
            return refused(by: endpoint, peer, error.rawValue)
        }
        do throws(JournalError) {
            let draft = EntryDraft(delivery: delivery, provider: endpoint.provider)
            let outcome = try await journal.append(draft)
            readiness.noteStored()
            metrics.latency.observe(time.uptime() - start)
            metrics.count(outcome.delivery)
            log(outcome, delivery)
            return Answer.of(outcome.delivery)
        } catch {
            readiness.noteFailure(error)
            metrics.count(.unavailable)
            logger.error(
                "delivery could not be stored",
                ["webhook.id": .string(delivery.webhookID), "reason": .string(error.code)]
            )
            return Answer.of(.unavailable)
        }
    }

    static let notAllowed = "network_not_allowed"

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
        return Answer.of(.refused)
    }

    private func log(_ outcome: AppendOutcome, _ delivery: VerifiedDelivery) {
        switch outcome {
        case .redelivery(let sequence):
            logger.debug(
                "delivery came again",
                ["webhook.id": .string(delivery.webhookID), "event.sequence": .integer(sequence)]
            )
        case .appended(let sequence):
            logger.debug(
                "delivery stored",
                ["webhook.id": .string(delivery.webhookID), "event.sequence": .integer(sequence)]
            )
        case .duplicateFact(let sequence, let first):
            logger.info(
                "delivery tells what is known",
                ["event.sequence": .integer(sequence), "event.first": .integer(first)]
            )
        case .contradiction(let sequence, let first):
            logger.warning(
                "delivery contradicts what is recorded",
                ["event.sequence": .integer(sequence), "event.first": .integer(first)]
            )
        }
    }
}

/// The intake's answers, made once; none of them says more than the contract does.
private enum Answer {
    /// How a delivery is answered that came to that end; one that has none is not answered as if it
    /// had.
    static func of(_ state: DeliveryState) -> HTTPResponse {
        switch state {
        case .accepted: accepted
        case .duplicate: duplicate
        case .refused: refused
        case .received, .unavailable: unavailable
        }
    }

    static let healthy = json(.ok, #"{"status":"ok"}"#)
    private static let accepted = json(.ok, #"{"received":true}"#)
    private static let duplicate = json(.ok, #"{"received":true,"duplicate":true}"#)
    private static let refused = json(.unauthorized, #"{"error":"unauthorized"}"#)
    private static let unavailable = {
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
    private struct Kind: Hashable {
        let state: DeliveryState
        let reason: String
    }

    let latency: Histogram
    private let deliveries: [Kind: Counter]

    init(_ metrics: Metrics) {
        latency = metrics.histogram(
            "reelhook_delivery_seconds",
            help: "From a whole request to its delivery on disk."
        )
        let refusals = VerificationFailure.allCases.map(\.rawValue) + [Intake.notAllowed]
        let kinds = (DeliveryState.received.row?.next ?? []).flatMap { state in
            (state == .refused ? refusals : [""]).map { Kind(state: state, reason: $0) }
        }
        deliveries = Dictionary(
            uniqueKeysWithValues: kinds.map { kind in
                let counter = metrics.counter(
                    "reelhook_deliveries_total",
                    help: "Deliveries by what became of them.",
                    labels: ["outcome": kind.state.rawValue, "reason": kind.reason]
                )
                return (kind, counter)
            }
        )
    }

    /// Counts a delivery that came to an end of its life cycle.
    func count(_ state: DeliveryState, _ reason: String = "") {
        deliveries[Kind(state: state, reason: reason)]?.increment()
    }
}
