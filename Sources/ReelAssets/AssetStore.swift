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

    /// Deletes every file of a video; legal when there is none.
    func delete(provider: String, videoID: String) async throws(AssetError)
}

/// Reads a stored file piece by piece; closed when it is let go.
package protocol AssetReader: Sendable {
    var byteCount: Int64 { get }
    /// When the file was last written, in seconds since the epoch.
    var modifiedAtSeconds: Int64 { get }
    /// The bytes from an offset, at most `count`, never empty before the end.
    func read(at offset: Int64, count: Int) async throws(AssetError) -> [UInt8]
}

/// A file's place: the video and the final name in it.
package struct AssetKey: Sendable, Hashable {
    /// A checked id; it becomes a folder's name.
    package let videoID: String
    /// `video.mp4`, `thumbnail.webp`, `spritesheet.jpg`, `manifest.json`.
    package let fileName: String

    package init(videoID: String, fileName: String) {
        self.videoID = videoID
        self.fileName = fileName
    }
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

/// Why a file could not be kept, or is not what it claims to be.
package enum AssetError: Error, Hashable, Sendable, CustomStringConvertible {
    case diskFull
    case disk(code: Int32)
    case missing
    /// A different file stands under the final name.
    case occupied
    /// The file's bytes are not those that were hashed.
    case changed
    /// Not the medium that it claims to be; the rule that it breaks.
    case notTheMedium(rule: String)
    case lengthMismatch(expected: Int64, found: Int64)
    case tooLarge
    case invalidName

    /// A sentence that is safe to log.
    package var description: String {
        switch self {
        case .diskFull: "the disk is full"
        case .disk(let code): "the disk reported error \(code)"
        case .missing: "the file is not there"
        case .occupied: "another file stands under that name"
        case .changed: "the file's bytes are not those that were fetched"
        case .notTheMedium(let rule): "the content is not the medium it claims to be: \(rule)"
        case .lengthMismatch(let expected, let found):
            "the content has \(found) bytes where \(expected) were announced"
        case .tooLarge: "the content is larger than allowed"
        case .invalidName: "the name cannot be a file's"
        }
    }

    /// A fixed word for the journal's reasons and for metrics.
    package var code: String {
        switch self {
        case .diskFull: "disk_full"
        case .disk: "disk_failed"
        case .missing: "file_missing"
        case .occupied: "file_occupied"
        case .changed: "file_changed"
        case .notTheMedium: "not_the_medium"
        case .lengthMismatch: "length_mismatch"
        case .tooLarge: "too_large"
        case .invalidName: "invalid_name"
        }
    }
}
