/// Where files are kept for good.
package protocol AssetStore: Sendable {
    /// Puts a whole, checked file under its final name and returns when it is durable there.
    ///
    /// Putting the same file again is legal and changes nothing: a crash may have come between the
    /// put and its record.
    func put(_ file: StagedFile, as key: AssetKey) async throws(AssetError) -> StoredAsset

    /// Writes a small file, such as the manifest, in one piece; replaces what is there.
    func write(_ bytes: [UInt8], as key: AssetKey) async throws(AssetError) -> StoredAsset

    /// Opens a stored file for reading; nil when there is none.
    func open(_ key: AssetKey) async throws(AssetError) -> (any AssetReader)?

    /// A link with which whoever has it may read the file for a while; nil where the store has
    /// none.
    func link(to key: AssetKey) async throws(AssetError) -> String?

    /// Deletes every file of a video; legal when there is none.
    func delete(provider: String, videoID: String) async throws(AssetError)
}

extension AssetStore {
    package func link(to key: AssetKey) async throws(AssetError) -> String? { nil }
}

/// Reads a stored file piece by piece; closed when it is let go.
package protocol AssetReader: Sendable {
    var byteCount: Int64 { get }
    /// When the file was last written, in seconds since the epoch.
    var modifiedAtSeconds: Int64 { get }
    /// The bytes from an offset, at most `count`, never empty before the end.
    func read(at offset: Int64, count: Int) async throws(AssetError) -> [UInt8]
}

/// A whole file in the staging area: downloaded, hashed, checked, fsynced, not yet under its final
/// name.
package struct StagedFile: Sendable, Hashable {
    /// An absolute path on the local disk.
    package let path: String
    package let byteCount: Int64
    /// Lower-case hexadecimal.
    package let sha256: String
    package let contentType: String

    package init(path: String, byteCount: Int64, sha256: String, contentType: String) {
        self.path = path
        self.byteCount = byteCount
        self.sha256 = sha256
        self.contentType = contentType
    }
}

/// Where a file ended up.
package struct StoredAsset: Sendable, Hashable {
    /// An absolute path, or a URL for a store that is no disk.
    package let location: String

    package init(location: String) {
        self.location = location
    }
}
