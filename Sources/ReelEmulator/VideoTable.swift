internal import ReelRuntime

/// The emulator's jobs in the order they were made, up to a limit.
struct VideoTable: Sendable {
    struct Page: Sendable {
        var videos: [EmulatedVideo]
        var hasMore: Bool
    }

    private var videos: [String: EmulatedVideo] = [:]
    private var order: [String] = []
    private let countMax: Int

    init(countMax: Int) {
        self.countMax = max(1, countMax)
    }

    var all: [EmulatedVideo] { order.compactMap { videos[$0] } }

    /// The video of that id, unless the server has forgotten it.
    func known(_ id: String, at now: Timestamp) -> EmulatedVideo? {
        videos[id].flatMap { $0.isForgotten(at: now) ? nil : $0 }
    }

    /// Adds a video and returns the id of the one that had to go for it, if any.
    mutating func insert(_ video: EmulatedVideo) -> String? {
        videos[video.id] = video
        order.append(video.id)
        guard order.count > countMax else { return nil }
        let oldest = order.removeFirst()
        videos[oldest] = nil
        return oldest
    }

    mutating func update(_ video: EmulatedVideo) {
        guard videos[video.id] != nil else { return }
        videos[video.id] = video
    }

    mutating func remove(_ id: String) {
        videos[id] = nil
        order.removeAll { $0 == id }
    }

    /// One page; nil when `after` names no video.
    func page(
        after: String?,
        limit: Int,
        isAscending: Bool,
        key: Int?,
        at now: Timestamp
    ) -> Page? {
        let known = order.filter { self.known($0, at: now)?.isVisible(to: key) == true }
        let sorted = isAscending ? known : known.reversed()
        var start = 0
        if let after {
            guard let index = sorted.firstIndex(of: after) else { return nil }
            start = index + 1
        }
        let rest = sorted[start...]
        return Page(
            videos: rest.prefix(limit).compactMap { videos[$0] },
            hasMore: rest.count > limit
        )
    }
}
