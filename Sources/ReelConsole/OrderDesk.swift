internal import ReelHTTP
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// Sends orders for videos, new ones and those made of others, each once.
///
/// An order whose outcome is not known, after a cut connection or a crash, is looked for in the
/// provider's lists before the same order is sent again, as a client does that tries once more.
struct OrderDesk: Sendable {
    let context: ConsoleContext

    /// How long a provider's list may lag behind what it accepted.
    private static let listLag: Duration = .seconds(5)

    enum Outcome {
        case made(VideoObject)
        case refused(HTTPResponse)
    }

    func place(_ order: VideoOrder, at provider: any VideoProvider) async -> Outcome {
        let key = order.digest(for: provider.name)
        if let unresolved = context.orders.unresolved(key) {
            // The list as it is when the lag is over, not while it is read.
            let isListed = context.time.now() - unresolved.unknownSince >= Self.listLag
            let search = OrderSearch(context: context, provider: provider)
            switch await search.find(order, since: unresolved.sentAt) {
            case .found(let video):
                await context.orders.settle(key)
                context.logger.info(
                    "an order that was sent before is found in the provider's list",
                    ["video.id": .string(video.id)]
                )
                return .made(video)
            case .unknown(let reason):
                return .refused(unknown(reason))
            case .nowhere:
                guard isListed else {
                    return .refused(unknown("it may not be in the provider's list yet"))
                }
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
        return await send(order, key, at: provider)
    }

    private func send(
        _ order: VideoOrder,
        _ key: String,
        at provider: any VideoProvider
    ) async -> Outcome {
        do throws(ProviderError) {
            let video = try await provider.make(order)
            await context.orders.settle(key)
            return .made(video)
        } catch {
            if error.mayHaveArrived {
                context.orders.leave(key, at: context.time.now())
            } else {
                await context.orders.settle(key)
            }
            return .refused(ErrorEnvelope.response(for: error))
        }
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

extension VideoProvider {
    fileprivate func make(_ order: VideoOrder) async throws(ProviderError) -> VideoObject {
        switch order.work {
        case .create: try await create(order.creation)
        case .remix(let id): try await remix(id, order.creation)
        case .edit: try await edit(order.creation)
        case .extend: try await extend(order.creation)
        }
    }
}
