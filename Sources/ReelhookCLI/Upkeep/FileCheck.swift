internal import Glibc
internal import ReelAssets
internal import ReelHandlers
internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelRuntime
internal import ReelSystem

/// Compares the files of a data directory with the journal's records of them, by their hashes.
///
/// The service may be storing at that moment. It records a file as stored after it stands, so a
/// record is read before its files; where these differ, both are read once more, and what is said
/// is what that comes to.
struct FileCheck {
    let dataDirectory: String
    let journal: SQLiteJournalDriver
    /// Where stored files are, when that is not the data directory.
    let bucket: S3AssetStore?
    private(set) var videoCount = 0
    private(set) var fileCount = 0
    private(set) var byteCount: Int64 = 0
    private(set) var parts: PartCheck

    private static let pageLength = 200
    private static let manifestByteCountMax = 1 << 20

    init(
        dataDirectory: String,
        journal: SQLiteJournalDriver,
        bucket: S3AssetStore?,
        time: any TimeSource
    ) {
        self.dataDirectory = dataDirectory
        self.journal = journal
        self.bucket = bucket
        parts = PartCheck(
            dataDirectory: dataDirectory,
            journal: journal,
            bucket: bucket,
            time: time
        )
    }

    /// Checks every video that has records or files.
    ///
    /// - Throws: `JournalError`, `SystemError` when the directory of videos cannot be listed, and
    ///   `AssetError` when the bucket does not answer.
    mutating func run(_ report: (Difference) -> Void) async throws {
        var last: Int64 = 0
        while true {
            let page = try await journal.filedVideos(after: last, limit: Self.pageLength)
            guard let end = page.last else { break }
            last = end.number
            for video in page {
                for difference in try await differences(video) { report(difference) }
            }
        }
        for difference in try await unrecorded() { report(difference) }
        for difference in try await parts.strangers() { report(difference) }
        guard bucket == nil else { return }
        for difference in try await strangers() { report(difference) }
    }

    /// What a store step says that it stored, and of which there is no record.
    ///
    /// A record outlives its file, and goes with the last event of its video.
    private func unrecorded() async throws -> [Difference] {
        var found: [Difference] = []
        var last: FinishedStep?
        while true {
            let page = try await journal.finishedSteps(
                named: StoreNote.stepName,
                after: last,
                limit: Self.pageLength
            )
            guard let end = page.last else { return found }
            last = end
            for step in page {
                guard let note = step.note.flatMap({ StoreNote($0) }) else { continue }
                let missing = note.variants.subtracting(step.variants).sorted()
                guard !missing.isEmpty || step.variants.isEmpty else { continue }
                let names = missing.isEmpty ? "its files" : missing.joined(separator: ", ")
                found.append(
                    Difference(
                        kind: .missing,
                        place: "videos/" + step.videoID.rawValue,
                        videoID: step.videoID,
                        message: "event \(step.sequence) stored it, and the journal has no record"
                            + " of \(names)",
                        advice: "restore a backup that has it, or `reelhook events replay"
                            + " \(step.sequence)` while the provider has it"
                    )
                )
            }
        }
    }

    /// What differs between a bucket's own records and the journal's; nothing is downloaded.
    private mutating func differences(
        _ video: FiledVideo,
        in bucket: S3AssetStore
    ) async throws -> [Difference] {
        var found: [Difference] = []
        for asset in video.assets where asset.state == .stored {
            guard let location = asset.location,
                let name = location.split(separator: "/").last.map(String.init)
            else { continue }
            let key = AssetKey(videoID: video.videoID.rawValue, fileName: name)
            let difference = { (kind: Difference.Kind, message: String) in
                Difference(
                    kind: kind,
                    place: bucket.location(of: key),
                    videoID: video.videoID,
                    message: message
                )
            }
            guard let record = try await bucket.record(of: key) else {
                found.append(difference(.missing, "the bucket has no such object"))
                continue
            }
            fileCount += 1
            byteCount += record.byteCount
            if record.byteCount != asset.byteCount {
                found.append(
                    difference(
                        .altered,
                        "has \(record.byteCount) bytes, and was stored with \(asset.byteCount)"
                    )
                )
            } else if record.sha256 != asset.sha256 {
                found.append(difference(.altered, "was put there with another SHA-256"))
            }
        }
        return found
    }

    private mutating func differences(_ video: FiledVideo) async throws -> [Difference] {
        videoCount += 1
        var found: [Difference] = []
        if let bucket {
            found = try await differences(video, in: bucket)
        } else {
            let (first, files) = judge([video])
            fileCount += files.count
            byteCount += files.reduce(0) { $0 + $1.byteCount }
            if !first.isEmpty {
                found = judge(try await journal.filedVideos(named: video.videoID)).differences
            }
        }
        return found + (try await parts.differences(video))
    }

    /// Folders that no video of the journal has.
    private func strangers() async throws -> [Difference] {
        let root = dataDirectory + "/videos"
        guard try FileSystem.status(root) != nil else { return [] }
        var found: [Difference] = []
        for name in try FileSystem.list(root) where !name.hasPrefix(".") {
            if let id = VideoID(name), try await !journal.filedVideos(named: id).isEmpty {
                continue
            }
            found.append(
                Difference(
                    kind: .unknown,
                    place: "videos/" + name,
                    message: "the journal knows no video with files of that name"
                )
            )
        }
        return found
    }

    // MARK: - One video

    /// What differs between a folder and the records of the videos of its name.
    private func judge(
        _ videos: [FiledVideo]
    ) -> (differences: [Difference], files: [FileCopy]) {
        guard let id = videos.first?.videoID else { return ([], []) }
        let folder = "videos/" + id.rawValue
        let assets = videos.flatMap(\.assets)
        var found: [Difference] = []
        var files: [FileCopy] = []
        for asset in assets where asset.state == .stored {
            guard let location = asset.location, let sha256 = asset.sha256 else { continue }
            let place = "videos/" + location
            let difference = { (kind: Difference.Kind, message: String) in
                Difference(kind: kind, place: place, videoID: id, message: message)
            }
            do throws(SystemError) {
                let file = try FileCopy.read(dataDirectory + "/" + place)
                files.append(file)
                if file.byteCount != asset.byteCount {
                    found.append(
                        difference(
                            .altered,
                            "has \(file.byteCount) bytes, and was stored with \(asset.byteCount)"
                        )
                    )
                } else if file.sha256 != sha256 {
                    found.append(difference(.altered, "has another SHA-256 than what was stored"))
                }
            } catch {
                found.append(difference(Self.kind(error), error.description))
            }
        }
        found += strangers(in: folder, id, assets)
        for video in videos { found += manifestDifferences(folder, video) }
        return (found, files)
    }

    /// Files in a video's folder that no record speaks of.
    private func strangers(
        in folder: String,
        _ id: VideoID,
        _ assets: [AssetRecord]
    ) -> [Difference] {
        // A crash may have come between a file and its record: it is fetched then, and a store
        // that goes on will know it. Files that are to be deleted may be there or not.
        let fetched = assets.filter { $0.state == .fetched || $0.state == .leaving }.map(\.variant)
        let stored = Set(assets.compactMap { $0.state == .stored ? $0.location : nil })
        let names: [String]
        do throws(SystemError) {
            names = try FileSystem.list(dataDirectory + "/" + folder)
        } catch {
            guard error.number != ENOENT else { return [] }
            return [
                Difference(
                    kind: Self.kind(error),
                    place: folder,
                    videoID: id,
                    message: error.description
                )
            ]
        }
        return names.filter { name in
            !name.hasPrefix(".") && name != Manifest.fileName
                && !stored.contains(id.rawValue + "/" + name)
                && !fetched.contains(String(name.prefix { $0 != "." }))
        }.map { name in
            Difference(
                kind: .unknown,
                place: folder + "/" + name,
                videoID: id,
                message: "the journal knows no such file"
            )
        }
    }

    private func manifestDifferences(_ folder: String, _ video: FiledVideo) -> [Difference] {
        let place = folder + "/" + Manifest.fileName
        let stored = video.assets.filter { $0.state == .stored }
        let difference = { (kind: Difference.Kind, message: String) in
            [Difference(kind: kind, place: place, videoID: video.videoID, message: message)]
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileSystem.read(
                dataDirectory + "/" + place,
                byteCountMax: Self.manifestByteCountMax
            )
        } catch {
            // It is written after the last file, by a run that is open until then.
            if error.number == ENOENT, stored.isEmpty || video.isBusy { return [] }
            return difference(Self.kind(error), error.description)
        }
        guard let manifest = try? JSONParser.parse(bytes),
            manifest["video_id"]?.string == video.videoID.rawValue,
            let files = manifest["files"]?.array
        else { return difference(.altered, "is no manifest of this video") }
        // Another provider's video of the same name has the same folder.
        guard manifest["provider"]?.string == video.provider else { return [] }
        let listed = files.map { Line($0) }
        let known = Set(video.assets.map { Line($0).content })
        let recorded = Set(stored.map { Line($0) })
        if let odd = listed.first(where: { !known.contains($0.content) }) {
            return difference(.altered, "speaks of \(odd.name) as the journal does not")
        }
        if !video.isBusy, let left = recorded.subtracting(listed).first {
            return difference(.altered, "does not speak of \(left.name) as the journal does")
        }
        return []
    }

    private static func kind(_ error: SystemError) -> Difference.Kind {
        switch error.number {
        case ENOENT, ENOTDIR: .missing
        // A link, a folder, or more bytes than are ever written there.
        case ELOOP, EISDIR, EINVAL, EFBIG: .altered
        default: .unreadable
        }
    }

    /// What a manifest and a record both say of a file.
    private struct Line: Hashable {
        struct Content: Hashable {
            let variant: String?
            let byteCount: Int64?
            let sha256: String?
        }

        let name: String
        let content: Content

        init(_ file: JSONValue) {
            name = file["name"]?.string ?? "a file"
            content = Content(
                variant: file["variant"]?.string,
                byteCount: file["bytes"]?.integer,
                sha256: file["sha256"]?.string
            )
        }

        init(_ asset: AssetRecord) {
            let place = asset.location?.split(separator: "/").last.map(String.init)
            name = place ?? asset.variant
            content = Content(
                variant: asset.variant,
                byteCount: asset.byteCount,
                sha256: asset.sha256
            )
        }
    }
}
