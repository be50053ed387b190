internal import ReelProviders

/// Reads a provider's list page by page, newest first, to a bound.
///
/// It stands servers that ignore the cursor or the order: a page that brings nothing new is the
/// last.
struct ListPages {
    private let provider: any VideoProvider
    private let pageSize: Int
    private let metrics: ReconcilerMetrics

    init(
        _ provider: any VideoProvider,
        _ configuration: ReconcilerConfiguration,
        _ metrics: ReconcilerMetrics
    ) {
        self.provider = provider
        pageSize = configuration.pageSize
        self.metrics = metrics
    }

    /// Hands over each video once, until the list ends or a page is `enough`.
    ///
    /// - Returns: Whether it was read that far; not when there were too many pages.
    @discardableResult
    func read(
        atMost pageCountMax: Int,
        each: (VideoObject) async -> Void,
        enough: ([VideoObject]) -> Bool
    ) async throws(ProviderError) -> Bool {
        var seen: Set<String> = []
        var request = VideoPageRequest(limit: pageSize, order: "desc")
        for _ in 0..<pageCountMax {
            let page: VideoPage
            do {
                page = try await provider.list(request)
                metrics.countCall("list", nil)
            } catch {
                metrics.countCall("list", error)
                throw error
            }
            let fresh = page.videos.filter { seen.insert($0.id).inserted }
            for video in fresh { await each(video) }
            guard !fresh.isEmpty, let next = page.next else { return true }
            if Self.isNewestFirst(page.videos), enough(fresh) { return true }
            request.after = next
        }
        return false
    }

    /// Whether what follows a page is older than it: a server that ignores the order begins with
    /// the oldest, and what is looked for comes last.
    private static func isNewestFirst(_ videos: [VideoObject]) -> Bool {
        let moments = videos.compactMap(\.createdAt)
        guard let first = moments.first, let last = moments.last else { return true }
        return first >= last
    }
}
