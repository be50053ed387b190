internal import Glibc
internal import ReelAssets
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelRuntime
internal import ReelSystem

/// Compares files on their way, which stand in the staging area, with what is recorded of them.
///
/// While somebody is at work on a video, its parts are what they are: they are compared when no
/// lease holds it, and counted until then.
struct PartCheck {
    let dataDirectory: String
    let journal: SQLiteJournalDriver
    let bucket: S3AssetStore?
    let time: any TimeSource
    /// Parts that were compared, and those that somebody was at work on.
    private(set) var comparedCount = 0
    private(set) var busyCount = 0
    /// Parts of files that nobody waits for any more, which the service removes when they are old.
    private(set) var leftCount = 0

    private static let directory = ".incoming"

    init(
        dataDirectory: String,
        journal: SQLiteJournalDriver,
        bucket: S3AssetStore?,
        time: any TimeSource
    ) {
        self.dataDirectory = dataDirectory
        self.journal = journal
        self.bucket = bucket
        self.time = time
    }

    // MARK: Records

    /// What differs between the parts of a video and their records.
    mutating func differences(_ video: FiledVideo) async throws -> [Difference] {
        guard video.assets.contains(where: { $0.state == .partial || $0.state == .fetched }) else {
            return []
        }
        guard !isAtWork(video) else {
            busyCount += 1
            return []
        }
        let found = try await judge(video)
        comparedCount += found.count
        guard found.contains(where: { $0 != nil }) else { return [] }
        // Somebody may have begun meanwhile.
        let now = try await journal.filedVideos(named: video.videoID)
            .first { $0.number == video.number }
        guard let now, !isAtWork(now) else { return [] }
        return try await judge(now).compactMap(\.self)
    }

    private func isAtWork(_ video: FiledVideo) -> Bool {
        video.leaseUntil.map { $0 > time.now() } ?? false
    }

    /// One answer for each part that is recorded, nil where it is as the record says.
    private func judge(_ video: FiledVideo) async throws -> [Difference?] {
        var found: [Difference?] = []
        for asset in video.assets {
            switch asset.state {
            case .partial: found.append(try judgePartial(asset, isOpen: video.isBusy))
            case .fetched: found.append(try await judgeFetched(asset, isOpen: video.isBusy))
            case .pending, .stored, .absent, .lost, .leaving, .deleted: continue
            }
        }
        return found
    }

    private func judgePartial(_ asset: AssetRecord, isOpen: Bool) throws -> Difference? {
        guard let place = place(of: asset) else { return nil }
        // Nothing waits for it: the fetch, should it be asked for again, begins anew without it.
        let advice =
            isOpen
            ? "nothing is to be done: the open event has it fetched from its beginning"
            : "nothing is to be done, unless the disk lost it: a replay of its event fetches it"
                + " from its beginning"
        let status = try FileSystem.status(dataDirectory + "/" + place)
        guard let status else {
            guard isOpen else { return nil }
            return Difference(
                kind: .missing,
                place: place,
                videoID: asset.videoID,
                message: "\(asset.byteCount) bytes of \(asset.variant) are recorded, and there are"
                    + " none",
                advice: advice
            )
        }
        guard status.kind != .file || status.byteCount < asset.byteCount else { return nil }
        return Difference(
            kind: .altered,
            place: place,
            videoID: asset.videoID,
            message: "has \(status.byteCount) bytes, and \(asset.byteCount) were recorded",
            advice: advice
        )
    }

    private func judgeFetched(
        _ asset: AssetRecord,
        isOpen: Bool
    ) async throws -> Difference? {
        guard let place = place(of: asset) else { return nil }
        let difference = { (kind: Difference.Kind, message: String) in
            Difference(
                kind: kind,
                place: place,
                videoID: asset.videoID,
                message: message,
                advice: isOpen
                    ? "nothing is to be done yet: the open event sees it, and says what follows"
                    : "replay its event while the provider has it"
            )
        }
        let copy: FileCopy
        do throws(SystemError) {
            copy = try FileCopy.read(dataDirectory + "/" + place)
        } catch {
            switch error.number {
            case ENOENT:
                // A crash may have come between its final name and the record of it.
                if try await isInPlace(asset) { return nil }
                return difference(.missing, "was fetched, and is gone before it was stored")
            case ELOOP, EINVAL, EISDIR: return difference(.altered, error.description)
            default: return difference(.unreadable, error.description)
            }
        }
        if copy.byteCount != asset.byteCount {
            return difference(
                .altered,
                "has \(copy.byteCount) bytes, and was fetched with \(asset.byteCount)"
            )
        }
        guard copy.sha256 == asset.sha256 else {
            return difference(.altered, "has another SHA-256 than what was fetched")
        }
        return nil
    }

    /// Whether a fetched file stands under its final name already.
    private func isInPlace(_ asset: AssetRecord) async throws -> Bool {
        let formats = MediaFormat.allCases.map { asset.variant + "." + $0.fileExtension }
        for name in formats {
            let key = AssetKey(videoID: asset.videoID.rawValue, fileName: name)
            if let bucket {
                if try await bucket.record(of: key)?.sha256 == asset.sha256 { return true }
                continue
            }
            let path = dataDirectory + "/videos/" + key.path
            guard try FileSystem.status(path)?.kind == .file else { continue }
            if try FileCopy.read(path).sha256 == asset.sha256 { return true }
        }
        return false
    }

    private func key(of asset: AssetRecord) -> PartKey? {
        PartKey(
            provider: asset.provider,
            videoID: asset.videoID.rawValue,
            variant: asset.variant
        )
    }

    private func place(of asset: AssetRecord) -> String? {
        key(of: asset).map { Self.directory + "/" + $0.fileName }
    }

    // MARK: Strangers

    /// Files in the staging area that no record speaks of.
    mutating func strangers() async throws -> [Difference] {
        let directory = dataDirectory + "/" + Self.directory
        guard try FileSystem.status(directory) != nil else { return [] }
        var found: [Difference] = []
        for name in try FileSystem.list(directory) {
            // Gone by now, or never ours.
            let status = try FileSystem.status(directory + "/" + name)
            guard let status else { continue }
            switch try await standing(of: name) {
            case .awaited: continue
            case .left: leftCount += 1
            case .unknown:
                found.append(
                    Difference(
                        kind: .unknown,
                        place: Self.directory + "/" + name,
                        message: "the journal knows no file on its way of that name"
                            + " (\(status.byteCount) bytes)",
                        advice: "remove it; the service removes parts that nobody wrote to for 30"
                            + " days when it starts"
                    )
                )
            }
        }
        return found
    }

    private enum Standing {
        /// A record says that it is on its way.
        case awaited
        /// The file that it was a part of is settled.
        case left
        case unknown
    }

    private func standing(of name: String) async throws -> Standing {
        // `<video id>.<variant>.<digits>.part`, of which only the id may have more points.
        let pieces = name.split(separator: ".", omittingEmptySubsequences: false)
        guard pieces.count >= 4, let id = VideoID(pieces.dropLast(3).joined(separator: ".")) else {
            return .unknown
        }
        let videos = try await journal.videos(named: id)
        guard let asset = videos.flatMap(\.assets).first(where: { key(of: $0)?.fileName == name })
        else {
            // A fetch makes the part before it records it.
            return videos.contains { isAtWork($0) } ? .awaited : .unknown
        }
        switch asset.state {
        case .pending, .partial, .fetched: return .awaited
        case .stored, .absent, .lost, .leaving, .deleted: return .left
        }
    }
}
