package import ReelJournal

extension JournalDriver {
    /// Records a file by every state that leads there, since the journal takes no leap.
    ///
    /// - Throws: What the journal throws, and `.corrupt` for a state that nothing leads to.
    package func bring(_ asset: AssetRecord) async throws(JournalError) {
        let known = try await assets(provider: asset.provider, videoID: asset.videoID)
            .first { $0.variant == asset.variant }
        for state in try Self.way(from: known?.state, to: asset.state) {
            var step = asset
            step.state = state
            switch state {
            case .leaving:
                _ = try await releaseFiles(
                    provider: asset.provider,
                    videoID: asset.videoID,
                    reason: asset.reason ?? Reason("test"),
                    at: asset.updatedAt
                )
            case .deleted:
                try await noteDeleted(
                    provider: asset.provider,
                    videoID: asset.videoID,
                    at: asset.updatedAt
                )
            case .pending, .partial, .fetched, .stored, .absent, .lost: try await record(step)
            }
        }
    }

    /// The shortest way by the table.
    private static func way(
        from known: AssetState?,
        to state: AssetState
    ) throws(JournalError) -> [AssetState] {
        var ways = AssetState.allCases.filter { $0.mayFollow(known) }.map { [$0] }
        for _ in AssetState.allCases {
            if let found = ways.first(where: { $0.last == state }) { return found }
            ways = ways.flatMap { way in
                AssetState.allCases.filter { $0.mayFollow(way.last) }.map { way + [$0] }
            }
        }
        throw .corrupt
    }
}
