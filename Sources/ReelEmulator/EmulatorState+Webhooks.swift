internal import ReelJSON
internal import ReelRuntime

extension EmulatorState {
    /// A webhook as it will be sent, however often.
    struct Webhook: Sendable {
        let webhookID: String
        let eventID: String
        let type: String
        let videoID: String
        let body: [UInt8]
        let faults: [String]
        /// How long to wait before the first attempt.
        let delay: Duration
    }

    /// When a video's end is to be told of; nil when it is not, or was already.
    func timeToEnd(of id: String, at now: Timestamp) -> Duration? {
        guard let video = videos.known(id, at: now), !video.isAnnounced else { return nil }
        return max(.zero, video.endsAt - now)
    }

    /// Takes the webhooks of an end, once; those that a fault drops are noted in the log alone.
    mutating func takeWebhooks(of id: String, at now: Timestamp) -> [Webhook] {
        guard var video = videos.known(id, at: now), !video.isAnnounced else { return [] }
        let status = video.status(at: now)
        guard status.isTerminal else { return [] }
        video.isAnnounced = true
        videos.update(video)

        let faults = plan.decideWebhook(video: id, jobDuration: configuration.jobDuration)
        let random = plan.random("webhook ids \(id)")
        func make(delay: Duration) -> Webhook {
            let event = "evt_" + random.hexadecimal(byteCount: 16)
            let type = "video.\(status.rawValue)"
            let body = JSONValue.object([
                "id": .string(event),
                "object": .string("event"),
                "created_at": .integer(video.endsAt.secondsSinceEpoch),
                "type": .string(type),
                "data": .object(["id": .string(id)]),
            ])
            return Webhook(
                webhookID: "wh_" + random.hexadecimal(byteCount: 16),
                eventID: event,
                type: type,
                videoID: id,
                body: body.serialized(),
                faults: faults.names,
                delay: delay
            )
        }
        let first = make(delay: faults.delay)
        guard !faults.isDropped else {
            note(first, attempt: 0, status: nil, reason: "dropped", at: now)
            return []
        }
        var webhooks = [first]
        // Twins are sent at the same time, which is the harder case for a receiver.
        if faults.isDuplicated { webhooks.append(first) }
        if faults.hasSecondEvent { webhooks.append(make(delay: faults.delay)) }
        return webhooks
    }

    /// Writes down what became of an attempt.
    mutating func note(
        _ webhook: Webhook,
        attempt: Int,
        status: Int?,
        reason: String?,
        at now: Timestamp
    ) {
        log.add(
            EmulatorLog.Delivery(
                moment: now,
                webhookID: webhook.webhookID,
                eventID: webhook.eventID,
                type: webhook.type,
                videoID: webhook.videoID,
                attempt: attempt,
                faults: webhook.faults,
                status: status,
                reason: reason
            )
        )
    }
}
