import ReelJournal
import ReelRuntime
import ReelWebhooks

/// Deliveries that were signed and verified, since nothing else becomes an entry.
struct DeliveryMaker: Sendable {
    private let secrets: [WebhookSecret]
    private let moment = Timestamp(secondsSinceEpoch: 1_795_251_600)

    init() throws {
        secrets = [
            try WebhookSecret(parsing: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        ]
    }

    func draft(
        _ webhookID: String,
        eventID: String,
        source: String = "openai"
    ) throws -> EntryDraft {
        let text = #"{"id":"\#(eventID)","type":"response.completed","data":{"id":"resp_1"}}"#
        let body = Array(text.utf8)
        let signer = WebhookSigner(secrets: secrets)
        let delivery = try WebhookVerifier(source: source, secrets: secrets).verify(
            fields: signer.headers(id: webhookID, at: moment, body: body),
            body: body,
            receivedAt: moment
        )
        return EntryDraft(delivery: delivery, provider: "openai")
    }
}
