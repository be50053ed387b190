internal import ReelAssets
internal import ReelObservability
internal import ReelRuntime
internal import ReelS3

/// Throws away the parts of uploads that a crash left behind, since a store charges for them.
struct UploadSweep: Sendable {
    let bucket: S3AssetStore
    let time: any TimeSource
    let logger: Logger

    /// An upload that was begun this long ago has no owner any more.
    private static let age: Duration = .seconds(24 * 3600)
    private static let interval: Duration = .seconds(6 * 3600)

    /// Sweeps now and at intervals until it is cancelled.
    func run() async throws {
        while true {
            do throws(S3Error) {
                let count = try await bucket.abortUploads(begunBefore: time.now() - Self.age)
                if count > 0 {
                    logger.info("unfinished uploads thrown away", ["count": .integer(Int64(count))])
                }
            } catch {
                // Files wait for the store; what is wrong is told at once and not by the first.
                logger.warning(
                    "the store does not do what it should",
                    ["reason": .string(error.code), "detail": .string(error.description)]
                )
            }
            try await time.sleep(for: Self.interval)
        }
    }
}
