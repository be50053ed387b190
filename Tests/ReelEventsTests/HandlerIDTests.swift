import ReelEvents
import ReelJournal
import ReelRuntime
import Testing

struct HandlerIDTests {
    @Test func `the same fact has the same id by webhook and by poll, in any journal`() {
        let byWebhook = entry(7, .webhook, webhookID: "wh_1", type: "video.completed")
        let byPoll = entry(90_000, .poll, type: "video.completed")
        #expect(id(byWebhook) == id(byPoll))
        #expect(id(byWebhook).wholeMatch(of: /msg_[0-9a-f]{32}/) != nil)
    }

    @Test func `the id is the same in every version of Reelhook`() {
        #expect(
            id(entry(1, .poll, type: "video.completed"))
                == "msg_9476c1e423e8f4d045d59e5b1e8b6e87"
        )
    }

    @Test func `steps, chains, videos, ends, deliveries and replays have ids of their own`() {
        let fact = entry(7, .webhook, webhookID: "wh_1", type: "video.completed")
        let other = entry(7, .webhook, webhookID: "wh_1", type: "batch.completed", video: nil)
        let ids = [
            id(fact),
            HandlerID.of(fact, chain: "files", step: "store"),
            HandlerID.of(fact, chain: "file", step: "sfetch"),
            id(entry(7, .webhook, type: "video.failed")),
            id(entry(7, .webhook, type: "video.completed", video: "video_2")),
            id(entry(8, .replay, type: "video.completed")),
            id(entry(9, .replay, type: "video.completed")),
            id(other),
            id(entry(8, .webhook, webhookID: "wh_2", type: "batch.completed", video: nil)),
            id(entry(8, .poll, type: "video.progress")),
        ]
        #expect(Set(ids).count == ids.count)
    }

    private func id(_ entry: JournalEntry) -> String {
        HandlerID.of(entry, chain: "files", step: "fetch")
    }

    private func entry(
        _ sequence: Int64,
        _ origin: EntryOrigin,
        webhookID: String? = nil,
        type: String,
        video: String? = "video_1"
    ) -> JournalEntry {
        JournalEntry(
            sequence: sequence,
            origin: origin,
            source: "openai",
            provider: "openai",
            webhookID: webhookID,
            eventID: nil,
            type: type,
            videoID: video.flatMap { VideoID($0) },
            body: [],
            occurredAt: nil,
            receivedAt: Timestamp(secondsSinceEpoch: 1_795_251_600),
            state: .pending,
            reason: nil,
            redeliveryCount: 0,
            relatedSequence: nil
        )
    }
}
