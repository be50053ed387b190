internal import ReelSystem

/// Reads a file of the local disk.
struct DiskAssetReader: AssetReader {
    let byteCount: Int64
    let modifiedAtSeconds: Int64
    let file: any DiskFile
    let pool: BlockingPool

    func read(at offset: Int64, count: Int) async throws(AssetError) -> [UInt8] {
        let file = file
        return try await pool.run { () throws(AssetError) in
            try file.read(at: offset, count: count)
        }
    }
}
