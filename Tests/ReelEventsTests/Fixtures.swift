import ReelEvents
import ReelJournal
import ReelRuntime
import ReelWebhooks

/// What happened, for tests to append.
enum Happened {
    static let start = Timestamp(secondsSinceEpoch: 1_795_251_600)

    static func observed(
        _ video: String,
        _ terminal: TerminalState = .completed,
        at moment: Timestamp = start
    ) -> EntryDraft {
        let fact = Fact(provider: "openai", videoID: video.videoID, terminal: terminal)
        return EntryDraft(
            observation: Observation(fact: fact, occurredAt: moment, observedAt: moment)
        )
    }

    /// A delivery that is signed and verified on its way in.
    static func delivered(_ body: String, id: String) throws -> EntryDraft {
        let secret = try WebhookSecret(
            parsing: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        )
        let body = Array(body.utf8)
        let delivery = try WebhookVerifier(source: "openai", secrets: [secret]).verify(
            fields: WebhookSigner(secrets: [secret]).headers(id: id, at: start, body: body),
            body: body,
            receivedAt: start
        )
        return EntryDraft(delivery: delivery, provider: "openai")
    }

    static func delivered(type: String, video: String, id: String) throws -> EntryDraft {
        try delivered(#"{"id":"evt_\#(id)","type":"\#(type)","data":{"id":"\#(video)"}}"#, id: id)
    }
}

extension String {
    /// The text as an id; a test that misspells one gets another, and fails by it.
    var videoID: VideoID {
        guard let id = VideoID(self) ?? VideoID("misspelt") else {
            preconditionFailure("a letter is an id")
        }
        return id
    }
}
