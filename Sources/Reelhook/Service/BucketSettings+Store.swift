package import ReelAssets
package import ReelHTTPClient
package import ReelRuntime
internal import ReelS3
package import ReelSystem

extension BucketSettings {
    /// The store that these settings name, which is not asked for anything yet.
    ///
    /// - Returns: nil when an address or a key cannot be used, which the configuration has said.
    package func store(
        client: any HTTPTransport,
        disk: any Disk = SystemDisk(),
        pool: BlockingPool,
        time: any TimeSource,
        random: any RandomSource
    ) -> S3AssetStore? {
        guard let bucket, let credentials else { return nil }
        var configuration = S3AssetStore.Configuration()
        configuration.prefix = prefix
        configuration.linkLifetime = linkLifetime
        configuration.singleByteCountMax = Int64(singleByteCountMax)
        configuration.partByteCount = Int64(partByteCount)
        configuration.copyByteCountMin = Int64(copyByteCountMin)
        return S3AssetStore(
            client: S3Client(
                bucket: bucket,
                credentials: credentials,
                transport: client,
                time: time,
                random: random
            ),
            disk: disk,
            pool: pool,
            configuration: configuration
        )
    }
}
