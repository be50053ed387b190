package import ReelRuntime

/// A video with files in the store.
package struct StoredVideo: Sendable, Hashable {
    package let provider: String
    package let id: VideoID
    /// Of all its files that are in the store.
    package let byteCount: Int64
    /// When the first of them was stored.
    package let firstAt: Timestamp
    /// When the last of them was.
    package let lastAt: Timestamp

    package init(
        provider: String,
        id: VideoID,
        byteCount: Int64,
        firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        self.provider = provider
        self.id = id
        self.byteCount = byteCount
        self.firstAt = firstAt
        self.lastAt = lastAt
    }
}

/// How much is in the store by the journal; the same bytes count as often as videos have them.
package struct StoredTotals: Sendable, Hashable {
    package let videoCount: Int64
    package let byteCount: Int64

    package init(videoCount: Int64, byteCount: Int64) {
        self.videoCount = videoCount
        self.byteCount = byteCount
    }
}
