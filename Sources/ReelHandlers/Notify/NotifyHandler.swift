package import ReelEvents
internal import ReelHTTP
package import ReelHTTPClient
internal import ReelJSON
package import ReelJournal
package import ReelObservability
package import ReelRuntime
package import ReelWebhooks

/// Posts an event to a URL of the user's, signed by the rules of Standard Webhooks.
///
/// The `webhook-id` and the body are the same for every attempt, the timestamp is the attempt's. No
/// redirect is followed, and of the answer only the status and `Retry-After` count. A target that
/// answers 410 is told nothing more, whatever the step, until the service starts anew.
package struct NotifyHandler: Handler {
    /// Whom to tell, and how.
    package struct Target: Sendable {
        package let url: String
        /// Without one the notification is not signed, which only an explicit wish of the
        /// configuration brings about.
        package let signer: WebhookSigner?
        package var shape = NotifyShape.full
        package var filter = NotifyFilter()
        package var destinations: DestinationPolicy
        package var timeout: Duration = .seconds(20)

        /// Takes an absolute URL.
        package init(url: String, signer: WebhookSigner?, destinations: DestinationPolicy) {
            self.url = url
            self.signer = signer
            self.destinations = destinations
        }
    }

    private let target: Target
    /// The target's name for people, which tells it from others.
    package let name: String
    private let transport: any HTTPTransport
    private let journal: Journal
    private let time: any TimeSource
    private let logger: Logger
    private let limits: HTTPClientRequest.Limits
    private let gone: GoneTargets

    package init(
        _ target: Target,
        transport: any HTTPTransport,
        journal: Journal,
        time: any TimeSource,
        gone: GoneTargets,
        logger: Logger
    ) {
        self.target = target
        name = Self.name(of: target.url)
        self.transport = transport
        self.journal = journal
        self.time = time
        self.gone = gone
        self.logger = logger.named("notify")
        var limits = HTTPClientRequest.Limits()
        limits.totalTimeout = target.timeout
        limits.bodyByteCountMax = 64 << 10
        self.limits = limits
    }

    package func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        let document: EventDocument
        do {
            document = try await EventDocument(event, context, journal: journal)
        } catch {
            return .postpone(
                Outcome.journalWait,
                Reason("journal_refused", "the event's files could not be read")
            )
        }
        guard target.filter.wants(document) else {
            context.leftTargetAlone()
            return .done(note: "not wanted by the target")
        }
        guard !gone.contains(target.url) else {
            context.leftTargetAlone()
            return .giveUp(Reason("target_disabled", "the target answered 410 before"))
        }
        let outcome = await post(target.shape.body(document), id: context.id)
        if let reason = outcome.reason {
            logger.warning(
                "a notification was not taken",
                [
                    "event.sequence": .integer(event.sequence),
                    "webhook.id": .string(context.id),
                    "step": .string(context.step),
                    "reason": .string(reason.logText),
                ]
            )
        }
        return outcome
    }

    /// Remembers that nobody is there any more, and says so once.
    private func disable() {
        guard gone.insert(target.url) else { return }
        logger.error("a target is gone and is told nothing more until the service starts anew")
    }

    package func target(of event: Event) -> String? { name }

    /// The receiver's name for people: its origin, and a number made of the whole URL, whose path
    /// may be a secret.
    private static func name(of url: String) -> String {
        let number = UInt32(truncatingIfNeeded: StableHash.narrow("target", url))
        let digits = String(number, radix: 16)
        let padding = String(repeating: "0", count: 8 - digits.count)
        return "notify:\(HTTPURL(url)?.origin ?? "unknown")#\(padding)\(digits)"
    }

    private func post(_ body: [UInt8], id: String) async -> Outcome {
        var fields: HTTPFields = ["Content-Type": "application/json"]
        let signed = target.signer?.headers(id: id, at: time.now(), body: body)
        for field in signed?.fields ?? [] { fields.append(field.name, field.value) }
        if signed == nil { fields.append(WebhookField.id, id) }
        let request = HTTPClientRequest(
            .post,
            target.url,
            fields: fields,
            body: body,
            limits: limits,
            destinations: target.destinations
        )
        do {
            let stream = try await transport.stream(request)
            await drain(stream)
            return outcome(of: stream.head)
        } catch {
            return outcome(of: error)
        }
    }

    /// Reads what little a receiver says, so that the connection can serve again; how that ends
    /// changes nothing, since the status is here.
    private func drain(_ stream: any HTTPClientStream) async {
        var left = limits.bodyByteCountMax
        while left > 0, let bytes = try? await stream.next() { left -= bytes.count }
        stream.cancel()
    }

    private func outcome(of head: HTTPClientResponse.Head) -> Outcome {
        let text = "HTTP status \(head.status.code)"
        let wait = RetryAfter.wait(head.fields, now: time.now())
        switch head.status.code {
        case 200...299: return .done(note: text)
        case 410:
            disable()
            return .giveUp(Reason("target_gone", text))
        case 300...399: return .retry(Reason("target_redirects", text))
        case 429, 502, 503, 504: return .unavailable(after: wait, Reason("target_busy", text))
        case 400...499: return .retry(after: wait, Reason("target_refused", text))
        default: return .unavailable(after: wait, Reason("target_failed", text))
        }
    }

    private func outcome(of error: HTTPClientError) -> Outcome {
        let reason = Reason("target_" + error.code, error.description)
        switch error {
        case .invalidURL, .destinationRefused: return .giveUp(reason)
        case .nameNotResolved, .connectionFailed, .timedOut, .tlsFailed, .interrupted,
            .malformedResponse, .transport:
            return .unavailable(reason)
        case .contentUnreadable, .tooLarge, .cancelled, .overloaded:
            return .retry(reason)
        }
    }
}
