internal import ReelRuntime

// Files that are in the store, and those that are to leave it.
extension InMemoryJournal {
    func storedVideos(from moment: Timestamp, limit: Int) -> [StoredVideo] {
        let videos = videos(in: .stored).sorted {
            ($0.firstAt, $0.id.rawValue) < ($1.firstAt, $1.id.rawValue)
        }
        return Array(videos.filter { $0.lastAt >= moment }.prefix(max(limit, 1)))
    }

    func leavingVideos(limit: Int) -> [StoredVideo] {
        Array(videos(in: .leaving).sorted { $0.id.rawValue < $1.id.rawValue }.prefix(max(limit, 1)))
    }

    func storedTotals() -> StoredTotals {
        let videos = videos(in: .stored)
        return StoredTotals(
            videoCount: Int64(videos.count),
            byteCount: videos.reduce(0) { $0 + $1.byteCount }
        )
    }

    private func videos(in state: AssetState) -> [StoredVideo] {
        let files = Dictionary(grouping: assets.filter { $0.value.state == state }, by: \.key.video)
        return files.map { video, files in
            let moments = files.map(\.value.updatedAt)
            let epoch = Timestamp(secondsSinceEpoch: 0)
            return StoredVideo(
                provider: video.provider,
                id: video.id,
                byteCount: files.reduce(0) { $0 + $1.value.byteCount },
                firstAt: moments.min() ?? epoch,
                lastAt: moments.max() ?? epoch
            )
        }
    }

    mutating func releaseFiles(of video: VideoKey, _ reason: Reason, at moment: Timestamp) -> Bool {
        let isBusy = openRuns.contains { key in
            let draft = stored[Int(key.sequence) - 1].draft
            return draft.provider == video.provider && draft.videoID == video.id
        }
        guard !isBusy else { return false }
        return move(video, from: .stored, to: .leaving) { asset in
            asset.reason = reason
            asset.updatedAt = moment
        }
    }

    mutating func noteDeleted(_ video: VideoKey, at moment: Timestamp) {
        _ = move(video, from: .leaving, to: .deleted) { asset in
            asset.location = nil
            asset.entityTag = nil
            asset.updatedAt = moment
        }
    }

    private mutating func move(
        _ video: VideoKey,
        from state: AssetState,
        to next: AssetState,
        _ change: (inout AssetRecord) -> Void
    ) -> Bool {
        let keys = assets.filter { $0.key.video == video && $0.value.state == state }.map(\.key)
        for key in keys {
            guard var asset = assets[key], next.mayFollow(asset.state) else { continue }
            asset.state = next
            change(&asset)
            assets[key] = asset
        }
        return !keys.isEmpty
    }
}
