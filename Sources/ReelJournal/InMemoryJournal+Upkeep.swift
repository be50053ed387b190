internal import ReelRuntime

// What is deleted for its age.
extension InMemoryJournal {
    mutating func prune(_ request: PruneRequest) -> PruneOutcome {
        switch request.subject {
        case .entries(let state): pruneEntries(state, request)
        case .videos: pruneVideos(before: request.before)
        case .replays: pruneReplays(before: request.before)
        }
    }

    private mutating func pruneEntries(
        _ state: EventState,
        _ request: PruneRequest
    ) -> PruneOutcome {
        guard state.span != nil else { return PruneOutcome(deletedCount: 0, next: nil) }
        let looked = stored.filter {
            !$0.isPruned && $0.state == state && $0.sequence > request.cursor
        }.prefix(request.limit)
        let old = looked.filter { isOver($0, before: request.before) }
        for entry in old { forget(entry) }
        let isWhole = looked.count < request.limit
        return PruneOutcome(
            deletedCount: old.count,
            next: isWhole ? nil : looked.last?.sequence
        )
    }

    private func isOver(_ entry: StoredEntry, before moment: Timestamp) -> Bool {
        entry.draft.receivedAt < moment
            && runs[entry.sequence, default: []].allSatisfy { run in
                !run.progress.state.isOpen && run.progress.endedAt.map { $0 < moment } ?? false
            }
    }

    private mutating func forget(_ entry: StoredEntry) {
        stored[Int(entry.sequence) - 1].isPruned = true
        let dead = runs[entry.sequence, default: []].filter { $0.progress.state == .dead }
        deadRunCount -= Int64(dead.count)
        runs[entry.sequence] = nil
        guard let id = entry.draft.webhookID else { return }
        deliveries[DeliveryKey(source: entry.draft.source, webhookID: id)] = nil
    }

    private mutating func pruneVideos(before moment: Timestamp) -> PruneOutcome {
        let old = jobOrder.filter { isForgotten($0, before: moment) }
        for video in old {
            jobs[video] = nil
            facts[video] = nil
            assets = assets.filter { $0.key.video != video }
        }
        jobOrder.removeAll { jobs[$0] == nil }
        return PruneOutcome(deletedCount: old.count, next: nil)
    }

    private func isForgotten(_ video: VideoKey, before moment: Timestamp) -> Bool {
        guard let job = jobs[video], job.state.span != nil, job.updatedAt < moment,
            job.removal?.dueAt == nil
        else { return false }
        let isSpokenOf = stored.contains { entry in
            !entry.isPruned && entry.draft.videoID == video.id
                && entry.draft.provider == video.provider
        }
        let hasFile = assets.contains { key, asset in
            key.video == video
                && ([.stored, .leaving].contains(asset.state) || asset.updatedAt >= moment)
        }
        return !isSpokenOf && !hasFile
    }

    private mutating func pruneReplays(before moment: Timestamp) -> PruneOutcome {
        // The last one stays, since the next is counted on from it.
        let kept = replays.filter {
            $0.state.span == nil || $0.updatedAt >= moment || $0.number == replays.last?.number
        }
        defer { replays = kept }
        return PruneOutcome(deletedCount: replays.count - kept.count, next: nil)
    }
}
