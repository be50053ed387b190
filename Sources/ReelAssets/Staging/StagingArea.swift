package import ReelRuntime
package import ReelSystem

/// Where files are while they are fetched: one part for each provider, video and variant.
///
/// Nothing in it is ever under its final name. It stands beside the store, so that putting a file
/// there is a rename.
package final class StagingArea: Sendable {
    /// What the area allows itself.
    package struct Configuration: Sendable, Hashable {
        /// Free space that a fetch leaves to the journal and to others.
        package var reserveByteCount: Int64 = 64 << 20
        /// The largest file.
        package var fileByteCountMax: Int64 = 8 << 30
        /// Bytes gathered in memory before they are written and hashed.
        package var bufferByteCount = 256 << 10
        /// How many times as much may be written and wait to be hashed, for each file.
        package var hashedLaterCountMax = 3
        /// After so many bytes the disk is told to write them out, so that the end of a file is
        /// not waited for longer than the rest of it took to come.
        package var writeOutByteCount: Int64 = 8 << 20
        package var filePermissions: UInt32 = 0o640
        package var directoryPermissions: UInt32 = 0o750

        package init() {}
    }

    package let configuration: Configuration
    private let directory: String
    private let disk: any Disk
    private let pool: BlockingPool
    private let turns = PartTurns()
    private let room: StagingRoom

    /// Uses a directory, by an absolute path, that need not be there yet.
    package init(
        directory: String,
        disk: any Disk = SystemDisk(),
        pool: BlockingPool,
        configuration: Configuration = Configuration()
    ) {
        self.directory = directory
        self.disk = disk
        self.pool = pool
        self.configuration = configuration
        room = StagingRoom(
            directory: directory,
            reserveByteCount: configuration.reserveByteCount,
            disk: disk
        )
    }

    /// Uses a directory and makes sure that it is there and can be written to.
    package static func open(
        directory: String,
        reserveByteCount: Int64,
        disk: any Disk = SystemDisk(),
        pool: BlockingPool
    ) async throws(AssetError) -> StagingArea {
        var configuration = Configuration()
        configuration.reserveByteCount = reserveByteCount
        let area = StagingArea(
            directory: directory,
            disk: disk,
            pool: pool,
            configuration: configuration
        )
        try await pool.run { () throws(AssetError) in
            try area.disk.prove(directory, permissions: area.configuration.directoryPermissions)
        }
        return area
    }

    /// Where a key's part is, whether there is one or not.
    package func path(_ key: PartKey) -> String {
        directory + "/" + key.fileName
    }

    /// Draws the next ticket, which an attempt keeps to its end.
    package func drawTicket() -> StagingTicket { StagingTicket(turns) }

    /// Opens a part to go on after its first bytes.
    ///
    /// The first `offset` bytes are read back and hashed, those beyond them are cut off; offset 0
    /// begins anew. Whoever had the part open cannot write to it any more.
    ///
    /// - Returns: Nil when there are fewer bytes than that.
    /// - Throws: `.changed` when a later ticket has opened it, `.diskFull` and what the disk gives.
    package func open(
        _ key: PartKey,
        at offset: Int64 = 0,
        with ticket: StagingTicket
    ) async throws(AssetError) -> PartFile? {
        let (disk, directory, path) = (disk, directory, path(key))
        let configuration = configuration
        let turns = turns
        let opened = try await pool.run { () throws(AssetError) -> PartFile.Opened? in
            guard let turn = turns.begin(path, with: ticket.number) else { throw .changed }
            try disk.createDirectory(directory, permissions: configuration.directoryPermissions)
            let file = try disk.open(
                path,
                .readWriteCreate,
                permissions: configuration.filePermissions
            )
            let byteCount = try file.status().byteCount
            guard byteCount >= offset else { return nil }
            // So that a new part's name outlives a power cut as its content does.
            if byteCount == 0 { try disk.synchronizeDirectory(directory) }
            try file.truncate(to: offset)
            let digest = RunningDigest()
            try file.feed(digest, byteCount: offset)
            return PartFile.Opened(file: file, digest: digest, turn: turn)
        }
        return opened.map { opened in
            PartFile(
                opened,
                path: path,
                turns: turns,
                room: room,
                offset: offset,
                configuration: configuration,
                pool: pool
            )
        }
    }

    /// Makes sure that so many more bytes may be written to a part, and keeps the room for them.
    ///
    /// - Throws: `.diskFull` when they do not fit beside the reserve and what other parts still
    ///   wait for, `.tooLarge` past the limit, and what the disk gives.
    package func makeSure(
        roomFor byteCount: Int64,
        of total: Int64,
        in part: PartFile
    ) async throws(AssetError) {
        guard total <= configuration.fileByteCountMax else { throw .tooLarge }
        try await part.makeSure(roomFor: byteCount)
    }

    /// How many bytes a key's part has; nil when there is none.
    package func byteCount(_ key: PartKey) async throws(AssetError) -> Int64? {
        let (disk, path) = (disk, path(key))
        return try await pool.run { () throws(AssetError) in try disk.status(path)?.byteCount }
    }

    /// Removes a key's part, unless a later ticket has opened it; legal when there is none.
    package func discard(
        _ key: PartKey,
        with ticket: StagingTicket
    ) async throws(AssetError) {
        let (disk, path, turns) = (disk, path(key), turns)
        try await pool.run { () throws(AssetError) in
            guard turns.isLatest(ticket.number, path) else { return }
            try disk.removeDurably(path)
        }
    }

    /// Inspects a key's part, closed or still open.
    ///
    /// - Throws: `.notTheMedium`, `.missing` and what the disk gives.
    package func inspect(
        _ key: PartKey,
        as medium: MediaInspector.Medium,
        with inspector: MediaInspector = MediaInspector()
    ) async throws(AssetError) -> MediaFacts {
        let (disk, path) = (disk, path(key))
        return try await pool.run { () throws(AssetError) in
            let file = try disk.open(path, .read, permissions: 0)
            let bytes = MediaBytes(byteCount: try file.status().byteCount) {
                offset,
                count throws(AssetError) in try file.read(at: offset, count: count)
            }
            return try inspector.inspect(bytes, as: medium)
        }
    }

    /// Removes parts that nobody wrote to since a moment, and those named as no longer needed.
    ///
    /// - Returns: How many were removed.
    package func removeOrphans(
        writtenBefore moment: Timestamp,
        andStored stored: Set<PartKey> = []
    ) async throws(AssetError) -> Int {
        let (disk, directory) = (disk, directory)
        return try await pool.run { () throws(AssetError) in
            guard try disk.status(directory) != nil else { return 0 }
            var count = 0
            for name in try disk.list(directory) where name.hasSuffix("." + PartKey.suffix) {
                let path = directory + "/" + name
                guard let status = try disk.status(path), status.kind == .file,
                    status.modifiedAt < moment || stored.contains(where: { $0.fileName == name })
                else { continue }
                try disk.remove(path)
                count += 1
            }
            return count
        }
    }
}
