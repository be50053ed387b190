internal import Glibc
internal import ReelRuntime
package import ReelSystem

/// Files on the local disk: `<root>/<video id>/<file name>`.
///
/// A file appears under its name whole and durable or not at all: it is renamed from the staging
/// area, or copied, read back and renamed when that is another volume, and the directory is
/// synchronised before anybody is told. Files with the same bytes share them.
package struct DiskAssetStore: AssetStore {
    /// How files are made.
    package struct Configuration: Sendable, Hashable {
        package var filePermissions: UInt32 = 0o640
        package var directoryPermissions: UInt32 = 0o750

        package init() {}
    }

    let root: String
    let disk: any Disk
    private let pool: BlockingPool
    private let configuration: Configuration

    /// Uses a root, by an absolute path, that need not be there yet.
    package init(
        root: String,
        disk: any Disk = SystemDisk(),
        pool: BlockingPool,
        configuration: Configuration = Configuration()
    ) {
        self.root = root
        self.disk = disk
        self.pool = pool
        self.configuration = configuration
    }

    /// Uses a directory and makes sure that it is there and can be written to.
    package static func open(
        directory: String,
        disk: any Disk = SystemDisk(),
        pool: BlockingPool
    ) async throws(AssetError) -> DiskAssetStore {
        let store = DiskAssetStore(root: directory, disk: disk, pool: pool)
        try await pool.run { () throws(AssetError) in
            try store.disk.prove(
                directory,
                permissions: store.configuration.directoryPermissions
            )
        }
        return store
    }

    package func put(
        _ file: StagedFile,
        as key: AssetKey
    ) async throws(AssetError) -> StoredAsset {
        try await pool.run { () throws(AssetError) in
            try place(file, as: key)
            return StoredAsset(location: path(key))
        }
    }

    package func write(
        _ bytes: [UInt8],
        as key: AssetKey
    ) async throws(AssetError) -> StoredAsset {
        try await pool.run { () throws(AssetError) in
            let directory = try makeDirectory(for: key)
            let temporary = temporaryPath(key)
            let file = try disk.open(
                temporary,
                .truncate,
                permissions: configuration.filePermissions
            )
            try file.write(bytes, at: 0)
            try file.synchronize()
            try disk.rename(temporary, to: path(key), replacing: true)
            try disk.synchronizeDirectory(directory)
            return StoredAsset(location: path(key))
        }
    }

    package func open(_ key: AssetKey) async throws(AssetError) -> (any AssetReader)? {
        guard key.isValid else { throw .invalidName }
        let pool = pool
        return try await pool.run { () throws(AssetError) -> DiskAssetReader? in
            guard try disk.status(directory(key.videoID))?.kind == .directory,
                try disk.status(path(key))?.kind == .file
            else { return nil }
            let file = try disk.open(path(key), .read, permissions: 0)
            let status = try file.status()
            return DiskAssetReader(
                byteCount: status.byteCount,
                modifiedAtSeconds: status.modifiedAt.secondsSinceEpoch,
                file: file,
                pool: pool
            )
        }
    }

    package func delete(provider: String, videoID: String) async throws(AssetError) {
        guard AssetKey.isFolderName(videoID) else { throw .invalidName }
        try await pool.run { () throws(AssetError) in
            guard try disk.status(directory(videoID)) != nil else { return }
            index.forget(videoID)
            try disk.removeTree(directory(videoID))
            try disk.synchronizeDirectory(root)
        }
    }

    private var index: ContentIndex {
        ContentIndex(
            root: root,
            disk: disk,
            directoryPermissions: configuration.directoryPermissions
        )
    }

    private func directory(_ videoID: String) -> String { root + "/" + videoID }
    private func path(_ key: AssetKey) -> String { root + "/" + key.path }

    /// A name that no asset can have, since those begin with a letter, a digit or an underscore.
    private func temporaryPath(_ key: AssetKey) -> String {
        directory(key.videoID) + "/." + key.fileName + ".part"
    }

    /// Makes the video's directory, durably.
    private func makeDirectory(for key: AssetKey) throws(AssetError) -> String {
        guard key.isValid else { throw .invalidName }
        let directory = directory(key.videoID)
        if try disk.status(root) == nil {
            try disk.createDirectory(root, permissions: configuration.directoryPermissions)
            try disk.synchronizeDirectory(root + "/..")
        }
        if let status = try disk.status(directory) {
            // A link that somebody planted would lead out of the root.
            guard status.kind == .directory else { throw .occupied }
        } else {
            try disk.createDirectory(directory, permissions: configuration.directoryPermissions)
        }
        // Also when it was there: a crash may have come between its making and this.
        try disk.synchronizeDirectory(root)
        return directory
    }

    private func place(_ staged: StagedFile, as key: AssetKey) throws(AssetError) {
        let directory = try makeDirectory(for: key)
        let target = path(key)
        var isMoved = false
        if try disk.status(target) != nil {
            try recognise(staged, at: target)
        } else {
            guard let status = try disk.status(staged.path) else { throw .missing }
            guard status.kind == .file, status.byteCount == staged.byteCount else {
                throw .changed
            }
            if try !index.adopt(staged, as: target) {
                isMoved = try move(staged, to: target, through: temporaryPath(key))
                index.note(staged, at: key)
            }
        }
        try disk.synchronizeDirectory(directory)
        // Once it is recorded as stored, nobody comes back to a part that a power cut left.
        if !isMoved { try disk.removeDurably(staged.path) }
    }

    /// Gives a part its final name, in a volume of its own through a copy.
    ///
    /// - Returns: Whether the part itself was moved, and so is not where it was.
    private func move(
        _ staged: StagedFile,
        to target: String,
        through temporary: String
    ) throws(AssetError) -> Bool {
        do {
            try disk.rename(staged.path, to: target, replacing: false)
            return true
        } catch {
            guard error == .disk(code: EXDEV) else { throw error }
            try copy(staged, to: target, through: temporary)
            return false
        }
    }

    /// Whether the file that stands there already is the one that is put: what a crash between a
    /// put and its record leaves behind.
    private func recognise(_ staged: StagedFile, at target: String) throws(AssetError) {
        guard let status = try disk.status(target), status.kind == .file,
            status.byteCount == staged.byteCount
        else { throw .occupied }
        let file = try disk.open(target, .read, permissions: 0)
        guard try file.sha256() == staged.sha256 else { throw .occupied }
    }

    private func copy(
        _ staged: StagedFile,
        to target: String,
        through temporary: String
    ) throws(AssetError) {
        let source = try disk.open(staged.path, .read, permissions: 0)
        let copy = try disk.open(
            temporary,
            .truncate,
            permissions: configuration.filePermissions
        )
        var offset: Int64 = 0
        while offset < staged.byteCount {
            let bytes = try source.read(at: offset, count: 1 << 20)
            guard !bytes.isEmpty else { throw .changed }
            try copy.write(bytes, at: offset)
            offset += Int64(bytes.count)
        }
        try copy.synchronize()
        // Read back from the copy, so that what is vouched for is what was written.
        guard try copy.status().byteCount == staged.byteCount, try copy.sha256() == staged.sha256
        else {
            try disk.remove(temporary)
            throw .changed
        }
        try disk.rename(temporary, to: target, replacing: false)
    }
}
