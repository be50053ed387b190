internal import ReelJournal
internal import ReelRuntime
internal import ReelWebhooks

/// Deliveries by their number, signed and verified; no two of them have an id in common, and the
/// ids come in no order.
struct DeliveryMaker: Sendable {
    private let verifier: WebhookVerifier
    private let signer: WebhookSigner
    private let note = String(repeating: "n", count: 120)
    private let begin = Timestamp(secondsSinceEpoch: 1_795_251_600)

    init() throws {
        let secrets = [
            try WebhookSecret(parsing: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        ]
        verifier = WebhookVerifier(source: "openai", secrets: secrets)
        signer = WebhookSigner(secrets: secrets)
    }

    func webhookID(_ number: Int64) -> String { "wh_" + label(number) }
    func eventID(_ number: Int64) -> String { "evt_" + label(number) }

    /// Ten thousand come in a second.
    func receivedAt(_ number: Int64) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: begin.millisecondsSinceEpoch + number / 10)
    }

    func draft(_ number: Int64) throws -> EntryDraft {
        let type = number % 4 == 0 ? "batch.completed" : "response.completed"
        let text =
            #"{"id":"\#(eventID(number))","object":"event","created_at":1795251600,"#
            + #""type":"\#(type)","data":{"id":"resp_\#(number)","note":"\#(note)"}}"#
        let body = Array(text.utf8)
        let moment = receivedAt(number)
        var draft = EntryDraft(
            delivery: try verifier.verify(
                fields: signer.headers(id: webhookID(number), at: moment, body: body),
                body: body,
                receivedAt: moment
            ),
            provider: "openai"
        )
        draft.plan = .unhandled(Reason("no_chain"))
        return draft
    }

    private func label(_ number: Int64) -> String {
        // A bijection of 64-bit numbers (Steele and others, "Fast splittable pseudorandom number
        // generators", 2014).
        var mixed = UInt64(bitPattern: number) &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let digits = String(mixed, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
