internal import ReelAssets
internal import ReelHTTPClient
internal import ReelSystem
internal import Reelhook

/// A bucket that a command asks, and what it is asked with; closed by who made it.
struct BucketAccess {
    let store: S3AssetStore
    private let client: HTTPClient
    private let pool: BlockingPool

    /// nil when the settings name no address that can be used, which the configuration has said.
    init?(_ settings: BucketSettings, _ tool: Tool) {
        let client = HTTPClient(time: tool.time)
        let pool = BlockingPool(threadCount: 1, name: "files")
        let store = settings.store(
            client: client,
            pool: pool,
            time: tool.time,
            random: tool.random
        )
        guard let store else { return nil }
        (self.client, self.pool, self.store) = (client, pool, store)
    }

    func close() async {
        await client.stop()
        pool.close()
    }
}
