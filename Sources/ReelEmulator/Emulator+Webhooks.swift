internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelObservability
internal import ReelRuntime
internal import ReelWebhooks

extension Emulator {
    /// Has a video's end told of when it comes, or at once when it has come.
    func tellLater(of id: String) {
        switch endingsContinuation.yield(id) {
        case .enqueued, .terminated: break
        case .dropped:
            logger.warning("webhook not planned, too many are waiting", ["video.id": .string(id)])
        @unknown default: break
        }
    }

    /// Waits for ends and sends their webhooks until the stream is finished.
    func tellOfEnds() async {
        await withDiscardingTaskGroup { group in
            for await id in endings {
                group.addTask { await self.tellOfEnd(id) }
            }
            group.cancelAll()
        }
    }

    private func tellOfEnd(_ id: String) async {
        // A forced end is told of by a task of its own; this one then finds nothing to do.
        while true {
            let now = time.now()
            guard let wait = state.withLock({ $0.timeToEnd(of: id, at: now) }) else { return }
            guard wait > .zero else { break }
            do { try await time.sleep(for: wait) } catch { return }
        }
        let now = time.now()
        let webhooks = state.withLock { $0.takeWebhooks(of: id, at: now) }
        await withDiscardingTaskGroup { group in
            for webhook in webhooks {
                group.addTask { await self.deliver(webhook) }
            }
        }
    }

    /// Sends a webhook until it is taken or the attempts are used up.
    private func deliver(_ webhook: EmulatorState.Webhook) async {
        guard let target = self.webhook else { return }
        var wait = webhook.delay
        for attempt in 1...(target.retryDelays.count + 1) {
            if wait > .zero {
                do { try await time.sleep(for: wait) } catch { return }
            }
            let (status, reason, retryAfter) = await send(webhook, to: target)
            if Task.isCancelled { return }
            state.withLock { [now = time.now()] in
                $0.note(webhook, attempt: attempt, status: status, reason: reason, at: now)
            }
            if let status, HTTPStatus(status).isSuccess || status == HTTPStatus.gone.code { return }
            guard attempt <= target.retryDelays.count else { break }
            wait = min(max(target.retryDelays[attempt - 1], retryAfter), target.retryDelayMax)
        }
        logger.warning(
            "webhook given up",
            ["webhook.id": .string(webhook.webhookID), "video.id": .string(webhook.videoID)]
        )
    }

    func send(
        _ webhook: EmulatorState.Webhook,
        to target: EmulatorConfiguration.Webhook
    ) async -> (status: Int?, reason: String?, retryAfter: Duration) {
        let signer = WebhookSigner(secrets: target.secrets)
        var fields = signer.headers(id: webhook.webhookID, at: time.now(), body: webhook.body)
        fields.append("Content-Type", "application/json")
        fields.append("User-Agent", "Reelhook-Emulator/1.0")
        var request = HTTPClientRequest(.post, target.url, fields: fields, body: webhook.body)
        request.limits.totalTimeout = target.timeout
        do {
            let response = try await transport.send(request)
            let seconds = response.fields["Retry-After"].flatMap { Int64($0) } ?? 0
            return (response.status.code, nil, .seconds(max(0, min(seconds, 3600))))
        } catch {
            return (nil, error.code, .zero)
        }
    }
}
