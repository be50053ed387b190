internal import ReelSystem

/// An open file of the machine.
struct SystemDiskFile: DiskFile {
    let file: File

    func status() throws(AssetError) -> FileStatus {
        try asAssetError { () throws(SystemError) in try file.status }
    }

    func read(at offset: Int64, count: Int) throws(AssetError) -> [UInt8] {
        try asAssetError { () throws(SystemError) in try file.read(at: offset, count: count) }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(AssetError) {
        try asAssetError { () throws(SystemError) in try file.write(bytes, at: offset) }
    }

    func truncate(to byteCount: Int64) throws(AssetError) {
        try asAssetError { () throws(SystemError) in try file.truncate(to: byteCount) }
    }

    func synchronize() throws(AssetError) {
        try asAssetError { () throws(SystemError) in try file.synchronize() }
    }

    func beginWriteOut(at offset: Int64, byteCount: Int64) {
        file.beginWriteOut(at: offset, byteCount: byteCount)
    }
}
