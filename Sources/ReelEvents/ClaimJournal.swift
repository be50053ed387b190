internal import ReelJournal

/// What a handler's context asks of the journal, for one claim.
struct ClaimJournal: HandlerJournal {
    let driver: any JournalDriver
    let claim: Claim
    let attempt: StepAttempt
    let checkpointByteCountMax: Int
    let locate: @Sendable (AssetRecord) -> String

    func save(checkpoint: [UInt8]) async throws {
        guard checkpoint.count <= checkpointByteCountMax else {
            throw HandlerContextError.checkpointTooLarge(limit: checkpointByteCountMax)
        }
        let isKept: Bool
        do {
            isKept = try await driver.saveCheckpoint(claim, checkpoint)
        } catch {
            throw HandlerContextError.journal(code: error.code)
        }
        guard isKept else {
            attempt.interrupt(.fenced)
            throw HandlerContextError.claimLost
        }
    }

    func leftTargetAlone() { attempt.leaveTargetAlone() }

    func files() async throws -> [StoredFile] {
        guard let videoID = claim.entry.videoID else { return [] }
        let records: [AssetRecord]
        do {
            records = try await driver.assets(provider: claim.entry.provider, videoID: videoID)
        } catch {
            throw HandlerContextError.journal(code: error.code)
        }
        return records.compactMap { record in
            guard record.state == .stored, record.location != nil else { return nil }
            return StoredFile(
                variant: record.variant,
                location: locate(record),
                contentType: record.contentType,
                byteCount: record.byteCount,
                sha256: record.sha256
            )
        }
    }
}
