import ReelEvents
import ReelJournal
import ReelRuntime

@testable import ReelWebhooks

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

    static func delivered(_ body: String, id: String) -> EntryDraft {
        let delivery = VerifiedDelivery(
            source: "openai",
            webhookID: id,
            sentAt: start,
            receivedAt: start,
            body: Array(body.utf8),
            secretIndex: 0
        )
        return EntryDraft(delivery: delivery, provider: "openai")
    }

    static func delivered(type: String, video: String, id: String) -> EntryDraft {
        delivered(#"{"id":"evt_\#(id)","type":"\#(type)","data":{"id":"\#(video)"}}"#, id: id)
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
