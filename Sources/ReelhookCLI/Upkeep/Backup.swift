internal import Glibc
internal import ReelAssets
internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelRuntime
internal import ReelSystem

/// Makes a backup: the journal as it is at one moment, then the files that it speaks of, and the
/// list of their hashes last.
///
/// Stored files do not change, so that copying them after the journal is as good as at its moment.
struct Backup {
    let dataDirectory: String
    let target: String
    let isLinking: Bool
    /// Whether stored files are in a bucket, which is copied by its own means.
    let leavesStoredFiles: Bool
    let tool: Tool
    private(set) var differences: [Difference] = []

    private static let pageLength = 200

    init(
        dataDirectory: String,
        target: String,
        isLinking: Bool,
        leavesStoredFiles: Bool,
        tool: Tool
    ) {
        self.dataDirectory = dataDirectory
        self.target = target
        self.isLinking = isLinking
        self.leavesStoredFiles = leavesStoredFiles
        self.tool = tool
    }

    /// Makes it, and returns what it holds; `differences` then says what it could not have.
    ///
    /// - Throws: `Failure`, `SystemError` or `JournalError`; what is there by then is no backup.
    mutating func run() async throws -> (fileCount: Int, byteCount: Int64, lastSequence: Int64) {
        try makeTarget()
        let madeAt = tool.time.now().description
        let journal = target + "/" + BackupList.journalName
        _ = try File.open(journal, .createNew)
        let progress = ProgressLine(tool)
        let copy = try JournalCopy.make(
            of: dataDirectory + "/" + BackupList.journalName,
            at: journal
        ) { progress.show("journal: \(Int($0 * 100))%") }
        var list = try BackupList.Writer(
            target,
            madeAt: madeAt,
            schema: copy.schema,
            lastSequence: copy.lastSequence
        )
        try list.add(
            BackupList.Line(path: BackupList.journalName, content: try FileCopy.read(journal))
        )
        let reader = try SQLiteJournalDriver.openReadOnly(path: journal)
        do {
            var last: Int64 = 0
            while true {
                let page = try await reader.filedVideos(after: last, limit: Self.pageLength)
                guard let end = page.last else { break }
                last = end.number
                for video in page { try add(video, to: &list) }
                progress.show("\(list.fileCount) files, \(list.byteCount >> 20) MiB")
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        progress.end()
        for name in ["/videos", "/.incoming"] where try FileSystem.status(target + name) != nil {
            try FileSystem.synchronizeDirectory(target + name)
        }
        try FileSystem.synchronizeDirectory(target)
        try list.finish()
        return (list.fileCount, list.byteCount, copy.lastSequence)
    }

    private func makeTarget() throws {
        if try FileSystem.status(target) == nil {
            try FileSystem.createDirectory(target)
            try FileSystem.synchronizeDirectory(target + "/..")
        }
        guard try FileSystem.list(target).isEmpty else {
            throw Failure("\(target) is not empty; a backup begins with an empty directory")
        }
    }

    private mutating func add(
        _ video: FiledVideo,
        to list: inout BackupList.Writer
    ) throws {
        let folder = "videos/" + video.videoID.rawValue
        for asset in video.assets {
            switch asset.state {
            case .stored:
                guard !leavesStoredFiles, let location = asset.location else { continue }
                try add("videos/" + location, of: asset, to: &list)
            case .fetched: try addFetched(asset, to: &list)
            case .pending, .partial, .absent, .lost, .leaving, .deleted: continue
            }
        }
        try addManifest(folder + "/" + Manifest.fileName, of: video, to: &list)
        if try FileSystem.status(target + "/" + folder) != nil {
            try FileSystem.synchronizeDirectory(target + "/" + folder)
        }
    }

    /// The manifest of a video, unless a run that was open has written of more files since: it is
    /// open in the backup too, and writes the manifest again.
    private mutating func addManifest(
        _ path: String,
        of video: FiledVideo,
        to list: inout BackupList.Writer
    ) throws {
        let copy = target + "/" + path
        // Two providers' videos of one name have one folder.
        guard try FileSystem.status(dataDirectory + "/" + path) != nil,
            try FileSystem.status(copy) == nil
        else { return }
        let content = try take(path)
        if video.isBusy {
            let known = Set(video.assets.compactMap(\.sha256))
            let bytes = try FileSystem.read(copy, byteCountMax: Int(content.byteCount))
            let files = (try? JSONParser.parse(bytes))?["files"]?.array ?? []
            guard files.allSatisfy({ known.contains($0["sha256"]?.string ?? "") }) else {
                return try FileSystem.remove(copy)
            }
        }
        try list.add(BackupList.Line(path: path, content: content))
    }

    /// A file that was fetched and may have been stored since: in either place it is known again.
    private mutating func addFetched(
        _ asset: AssetRecord,
        to list: inout BackupList.Writer
    ) throws {
        let part = PartKey(
            provider: asset.provider,
            videoID: asset.videoID.rawValue,
            variant: asset.variant
        )
        if let part, try FileSystem.status(dataDirectory + "/.incoming/" + part.fileName) != nil,
            try add(".incoming/" + part.fileName, of: nil, to: &list)
        {
            return
        }
        let folder = "videos/" + asset.videoID.rawValue
        guard try FileSystem.status(dataDirectory + "/" + folder) != nil else { return }
        for name in try FileSystem.list(dataDirectory + "/" + folder)
        where name.hasPrefix(asset.variant + ".") {
            try add(folder + "/" + name, of: asset, to: &list)
        }
    }

    /// Puts one file into the backup as it is, and notes where that is not what was stored.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    private mutating func add(
        _ path: String,
        of asset: AssetRecord?,
        to list: inout BackupList.Writer
    ) throws -> Bool {
        let copy: FileCopy
        do {
            copy = try take(path)
        } catch let error as SystemError where [ENOENT, ELOOP, EINVAL].contains(error.number) {
            if let asset {
                note(error.number == ENOENT ? .missing : .altered, path, asset, error.description)
            }
            return false
        }
        if let asset, asset.byteCount != copy.byteCount || asset.sha256 != copy.sha256 {
            note(.altered, path, asset, "is not what was stored; it is in the backup as it is")
        }
        try list.add(BackupList.Line(path: path, content: copy))
        return true
    }

    private mutating func note(
        _ kind: Difference.Kind,
        _ path: String,
        _ asset: AssetRecord,
        _ message: String
    ) {
        differences.append(
            Difference(kind: kind, place: path, videoID: asset.videoID, message: message)
        )
    }

    private func take(_ path: String) throws -> FileCopy {
        let (source, copy) = (dataDirectory + "/" + path, target + "/" + path)
        guard let status = try FileSystem.status(source) else {
            throw SystemError(function: "open", number: ENOENT)
        }
        guard status.kind == .file else { throw SystemError(function: "open", number: EINVAL) }
        let folder = String(copy[..<(copy.lastIndex(of: "/") ?? copy.endIndex)])
        try FileSystem.createDirectory(
            folder,
            permissions: FileCopy.directoryPermissions,
            intermediates: true
        )
        // A part is written in place, so that it must not be shared.
        guard isLinking, path.hasPrefix("videos/") else {
            return try FileCopy.read(source, to: copy, permissions: status.permissions & 0o777)
        }
        do throws(SystemError) {
            try FileSystem.createHardLink(copy, to: source)
        } catch {
            guard error.number == EXDEV else { throw error }
            throw Failure("--link needs \(target) on the file system of \(dataDirectory)")
        }
        return try FileCopy.read(copy)
    }
}
