internal import ReelJournal
internal import ReelProviders
internal import ReelRuntime

/// Looks for the video that an order of unknown outcome made, in all the lists of its provider.
///
/// That a video is nowhere is said only of lists that were read as far back as the order goes,
/// since the order is then sent again and paid for.
struct OrderSearch: Sendable {
    let context: ConsoleContext
    let provider: any VideoProvider

    /// How many pages of one list are read; a list of newest first ends it sooner.
    static let pageCountMax = 20
    /// How much a provider's clock and ours may differ.
    private static let clockSlack: Duration = .seconds(30)

    enum Finding {
        case found(VideoObject)
        case nowhere
        /// Why it cannot be said.
        case unknown(String)
    }

    /// The oldest video that would do; those that were told to a client are not looked at.
    func find(_ order: VideoOrder, since sentAt: Timestamp) async -> Finding {
        var found: [VideoObject] = []
        var reason: String?
        for number in 0..<provider.listCount {
            let reading = await read(number, for: order, since: sentAt)
            found += reading.found
            reason = reason ?? reading.reason
        }
        if let video = found.min(by: { ($0.createdAt ?? sentAt) < ($1.createdAt ?? sentAt) }) {
            return .found(video)
        }
        return reason.map { .unknown($0) } ?? .nowhere
    }

    /// What one list holds, and why not all of it is known.
    private func read(
        _ number: Int,
        for order: VideoOrder,
        since sentAt: Timestamp
    ) async -> (found: [VideoObject], reason: String?) {
        let oldest = sentAt - Self.clockSlack
        var request = VideoPageRequest(limit: 100, order: "desc", listNumber: number)
        var found: [VideoObject] = []
        var seen: Set<String> = []
        var direction = Direction()
        for _ in 0..<Self.pageCountMax {
            let page: VideoPage
            do throws(ProviderError) {
                page = try await provider.list(request)
            } catch {
                return (found, "the provider's list cannot be read")
            }
            let fresh = page.videos.filter { seen.insert($0.id).inserted }
            for video in fresh where (video.createdAt ?? sentAt) >= oldest {
                guard order.mayHaveMade(video) else { continue }
                do throws(JournalError) {
                    // The last of those of one moment is the oldest.
                    if try await !isAnswered(video) { found.insert(video, at: 0) }
                } catch {
                    return (found, "the journal cannot be read")
                }
            }
            direction.take(fresh)
            if direction.isPast(oldest) { return (found, nil) }
            // The same page again is no end: such a server ignores the cursor.
            if fresh.isEmpty, !page.videos.isEmpty { break }
            guard let next = page.next else { return (found, nil) }
            request.after = next
        }
        return (found, "the provider's list is longer than can be read of it")
    }

    /// Whether a client was told of a video as the outcome of an order of its own.
    private func isAnswered(_ video: VideoObject) async throws(JournalError) -> Bool {
        guard let id = VideoID(video.id) else { return true }
        return try await context.journal.driver.job(provider: provider.name, id: id)?.origin
            == .console
    }

    /// Which way a list goes: a server that ignores the order begins with the oldest, and what is
    /// looked for comes last.
    private struct Direction {
        private var first: Timestamp?
        private var last: Timestamp?

        mutating func take(_ videos: [VideoObject]) {
            let moments = videos.compactMap(\.createdAt)
            first = first ?? moments.first
            last = moments.last ?? last
        }

        /// Whether all that follows is older; while every moment is the same, it is not known.
        func isPast(_ moment: Timestamp) -> Bool {
            guard let first, let last else { return false }
            return first > last && last < moment
        }
    }
}
