internal import ReelHTTP
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// Sends orders for new videos, each once.
///
/// An order whose outcome is not known, after a cut connection or a crash, is looked for in the
/// provider's list before the same order is sent again, as a client does that tries once more.
struct OrderDesk: Sendable {
    let context: ConsoleContext

    /// How many pages of the list are read for one order, the newest first.
    private static let pageCountMax = 3
    /// How much a provider's clock and ours may differ.
    private static let clockSlack: Duration = .seconds(30)
    /// How long a provider's list may lag behind what it accepted.
    private static let listLag: Duration = .seconds(5)

    enum Outcome {
        case made(VideoObject)
        case refused(HTTPResponse)
    }

    func create(
        _ creation: VideoCreation,
        at provider: any VideoProvider
    ) async -> Outcome {
        guard let order = VideoOrder(creation) else {
            // In an encoding that nobody reads here; the provider says what it thinks of it.
            return await send(creation, nil, at: provider)
        }
        let key = order.digest(for: provider.name)
        if let sentAt = context.orders.unresolved(key) {
            do throws(ProviderError) {
                if let found = try await find(order, since: sentAt, at: provider) {
                    await context.orders.settle(key)
                    context.logger.info(
                        "an order that was sent before is found in the provider's list",
                        ["video.id": .string(found.id)]
                    )
                    return .made(found)
                }
            } catch {
                return .refused(unknown("the provider's list cannot be read"))
            }
            guard context.time.now() - sentAt >= Self.listLag else {
                return .refused(unknown("it may not be in the provider's list yet"))
            }
        }
        do throws(OrderLedgerError) {
            try await context.orders.begin(key, at: context.time.now())
        } catch {
            context.logger.error(
                "an order could not be written down",
                ["reason": .string(error.description)]
            )
            return .refused(ErrorEnvelope.storageUnavailable)
        }
        return await send(creation, key, at: provider)
    }

    private func send(
        _ creation: VideoCreation,
        _ key: String?,
        at provider: any VideoProvider
    ) async -> Outcome {
        do throws(ProviderError) {
            let video = try await provider.create(creation)
            if let key { await context.orders.settle(key) }
            return .made(video)
        } catch {
            if let key {
                if error.mayHaveArrived {
                    context.orders.leave(key)
                } else {
                    await context.orders.settle(key)
                }
            }
            return .refused(ErrorEnvelope.response(for: error))
        }
    }

    /// The video of the list that the order made; the oldest where several would do.
    private func find(
        _ order: VideoOrder,
        since sentAt: Timestamp,
        at provider: any VideoProvider
    ) async throws(ProviderError) -> VideoObject? {
        let oldest = sentAt - Self.clockSlack
        var request = VideoPageRequest(limit: 100, order: "desc")
        var found: VideoObject?
        for _ in 0..<Self.pageCountMax {
            let page = try await provider.list(request)
            for video in page.videos where (video.createdAt ?? sentAt) >= oldest {
                guard order.mayHaveMade(video), await !isAnswered(video, by: provider) else {
                    continue
                }
                found = video
            }
            let isOver = page.videos.last?.createdAt.map { $0 < oldest } ?? false
            guard !isOver, let next = page.next else { return found }
            request.after = next
        }
        return found
    }

    /// Whether a client was told of a video as the outcome of an order of its own.
    private func isAnswered(_ video: VideoObject, by provider: any VideoProvider) async -> Bool {
        guard let id = VideoID(video.id) else { return true }
        let job = try? await context.journal.driver.job(provider: provider.name, id: id)
        return job?.origin == .console
    }

    private func unknown(_ reason: String) -> HTTPResponse {
        var response = ErrorEnvelope.response(
            .serviceUnavailable,
            "the same order was sent before and its outcome is not known: \(reason)",
            type: "server_error",
            code: "order_unresolved"
        )
        response.fields.append("Retry-After", "5")
        return response
    }
}
