internal import ReelAssets
internal import ReelJournal
internal import ReelRuntime

/// What the journal remembers of one file while it is fetched.
struct AssetLedger: Sendable {
    let driver: any JournalDriver
    let time: any TimeSource
    let provider: String
    let videoID: VideoID
    let variant: Variant

    func record(
        _ state: AssetState,
        byteCount: Int64 = 0,
        sha256: String? = nil,
        contentType: String? = nil,
        entityTag: String? = nil,
        reason: Reason? = nil
    ) async throws(TransferFault) {
        do {
            try await driver.record(
                AssetRecord(
                    provider: provider,
                    videoID: videoID,
                    variant: variant.name,
                    state: state,
                    byteCount: byteCount,
                    sha256: sha256,
                    contentType: contentType,
                    entityTag: entityTag,
                    reason: reason,
                    updatedAt: time.now()
                )
            )
        } catch {
            throw .journal(error)
        }
    }
}
