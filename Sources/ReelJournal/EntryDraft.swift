package import ReelRuntime
package import ReelWebhooks

/// What is about to be appended.
///
/// There are three ways to make one, and none of them takes bytes that nobody vouches for: a
/// verified delivery, an observation of our own, and an entry that is run again.
package struct EntryDraft: Sendable, Hashable {
    package let origin: EntryOrigin
    package let source: String
    package let provider: String
    package let webhookID: String?
    package let eventID: String?
    package let type: String?
    package let videoID: VideoID?
    package let body: [UInt8]
    package let occurredAt: Timestamp?
    package let receivedAt: Timestamp
    /// The end that it tells of, if it does; what makes the append unique beyond the webhook id.
    package let fact: Fact?
    /// Why no chain can take it: `not_json`, `not_an_event`, `invalid_video_id`, `unknown_type`
    /// is none of these, since a chain may name a type that we do not.
    package let fault: Reason?
    package let replayOf: Int64?
    /// What is to be done about it, where that is known before it is appended.
    ///
    /// It holds for an entry that would be pending and for no other. Without one, the entry is
    /// pending until it is planned.
    package var plan: EventPlan?

    /// A delivery as its body reads.
    package init(delivery: VerifiedDelivery, provider: String) {
        let reading = EventReading(delivery.body)
        origin = .webhook
        source = delivery.source
        self.provider = provider
        webhookID = delivery.webhookID
        eventID = reading.eventID
        type = reading.type
        videoID = reading.videoID
        body = delivery.body
        occurredAt = reading.createdAt
        receivedAt = delivery.receivedAt
        fact = reading.videoID.flatMap { videoID in
            reading.terminal.map { Fact(provider: provider, videoID: videoID, terminal: $0) }
        }
        fault = reading.fault
        replayOf = nil
    }

    /// What a poll found, as the event that a webhook would have brought.
    package init(observation: Observation) {
        let event = ObservedEvent(observation)
        origin = .poll
        source = observation.fact.provider
        provider = observation.fact.provider
        webhookID = nil
        eventID = event.id
        type = event.type
        videoID = observation.fact.videoID
        body = event.body
        occurredAt = observation.occurredAt
        receivedAt = observation.observedAt
        fact = observation.fact
        fault = nil
        replayOf = nil
    }

    /// An entry that an operator runs again, on purpose although its fact is recorded.
    package init(replayOf entry: JournalEntry, at moment: Timestamp) {
        origin = .replay
        source = entry.source
        provider = entry.provider
        webhookID = nil
        eventID = entry.eventID
        type = entry.type
        videoID = entry.videoID
        body = entry.body
        occurredAt = entry.occurredAt
        receivedAt = moment
        fact = nil
        fault = EventReading(entry.body).fault
        replayOf = entry.sequence
    }
}
