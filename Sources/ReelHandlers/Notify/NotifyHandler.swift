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
/// redirect is followed, and of the answer only the status and `Retry-After` count.
package struct NotifyHandler: Handler {
    private let url: String
    private let signer: WebhookSigner?
    private let transport: any HTTPTransport
    private let journal: Journal
    private let destinations: DestinationPolicy
    private let time: any TimeSource
    private let logger: Logger
    private let limits: HTTPClientRequest.Limits

    /// Takes an absolute URL; without a signer the notification is not signed, which only an
    /// explicit wish of the configuration brings about.
    package init(
        url: String,
        signer: WebhookSigner?,
        transport: any HTTPTransport,
        journal: Journal,
        destinations: DestinationPolicy,
        time: any TimeSource,
        logger: Logger,
        timeout: Duration = .seconds(20)
    ) {
        self.url = url
        self.signer = signer
        self.transport = transport
        self.journal = journal
        self.destinations = destinations
        self.time = time
        self.logger = logger.named("notify")
        var limits = HTTPClientRequest.Limits()
        limits.totalTimeout = timeout
        limits.bodyByteCountMax = 64 << 10
        self.limits = limits
    }

    package func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        let body: [UInt8]
        do {
            body = try await EventDocument(event, context, journal: journal).json.serialized()
        } catch {
            return .postpone(
                Outcome.journalWait,
                Reason("journal_refused", "the event's files could not be read")
            )
        }
        let outcome = await post(body, id: context.id)
        if let reason = outcome.reason {
            logger.warning(
                "a notification was not taken",
                [
                    "event.sequence": .integer(event.sequence),
                    "webhook.id": .string(context.id),
                    "reason": .string(reason.description),
                ]
            )
        }
        return outcome
    }

    private func post(_ body: [UInt8], id: String) async -> Outcome {
        var fields: HTTPFields = ["Content-Type": "application/json"]
        let signed = signer?.headers(id: id, at: time.now(), body: body)
        for field in signed?.fields ?? [] { fields.append(field.name, field.value) }
        if signed == nil { fields.append(WebhookField.id, id) }
        let request = HTTPClientRequest(
            .post,
            url,
            fields: fields,
            body: body,
            limits: limits,
            destinations: destinations
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
        switch head.status.code {
        case 200...299: return .done(note: text)
        case 410: return .giveUp(Reason("target_gone", text))
        case 300...399: return .retry(Reason("target_redirects", text))
        case 429, 503:
            let wait = RetryAfter.wait(head.fields, now: time.now())
            return .retry(after: wait, Reason("target_busy", text))
        case 400...499: return .retry(Reason("target_refused", text))
        default: return .retry(Reason("target_failed", text))
        }
    }

    private func outcome(of error: HTTPClientError) -> Outcome {
        let reason = Reason("target_" + error.code, error.description)
        switch error {
        case .invalidURL, .destinationRefused: return .giveUp(reason)
        case .nameNotResolved, .connectionFailed, .tlsFailed, .timedOut, .interrupted,
            .malformedResponse, .contentUnreadable, .tooLarge, .cancelled, .overloaded, .transport:
            return .retry(reason)
        }
    }
}
