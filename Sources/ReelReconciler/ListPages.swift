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
    func read(
        atMost pageCountMax: Int,
        each: (VideoObject) async -> Void,
        enough: ([VideoObject]) -> Bool
    ) async throws(ProviderError) {
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
            guard !fresh.isEmpty, let next = page.next, !enough(fresh) else { return }
            request.after = next
        }
    }
}
