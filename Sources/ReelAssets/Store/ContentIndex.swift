internal import ReelSystem

/// Which stored file holds some content, so that the same bytes are kept once.
///
/// An entry is a symbolic link `<root>/.content/<two digits>/<SHA-256>` that leads to a stored
/// file. It is a hint: the file is read and compared before it is given a second name, so one that
/// was removed, replaced or damaged since costs a look and nothing else.
struct ContentIndex {
    let root: String
    let disk: any Disk
    let directoryPermissions: UInt32

    static let folderName = ".content"

    /// Gives a stored file that holds the staged file's bytes a second name.
    ///
    /// - Returns: Whether there is such a file, and the file system has second names.
    /// - Throws: `.occupied` when the name is taken, and what reading the file gives.
    func adopt(_ staged: StagedFile, as target: String) throws(AssetError) -> Bool {
        guard let path = path(of: staged.sha256), let link = try disk.linkTarget(path),
            let key = Self.key(link)
        else { return false }
        let known = root + "/" + key.path
        guard try disk.status(root + "/" + key.videoID)?.kind == .directory,
            let status = try disk.status(known), status.kind == .file,
            status.byteCount == staged.byteCount
        else { return false }
        let file = try disk.open(known, .read, permissions: 0)
        guard try file.sha256() == staged.sha256 else { return false }
        do {
            try disk.link(target, to: known)
            return true
        } catch {
            switch error {
            case .occupied: throw error
            case .diskFull, .disk, .missing, .changed, .notTheMedium, .lengthMismatch, .tooLarge,
                .invalidName, .store:
                // No second names there, or no more of them: the bytes are kept twice.
                return false
            }
        }
    }

    /// Remembers where content is; a file that stands is none the worse when that fails.
    func note(_ staged: StagedFile, at key: AssetKey) {
        do throws(AssetError) {
            guard let path = path(of: staged.sha256) else { return }
            try disk.createDirectory(folder(path), permissions: directoryPermissions)
            if try disk.linkTarget(path) != nil { try disk.remove(path) }
            try disk.symbolicLink(path, to: "../../" + key.path)
        } catch {
            return
        }
    }

    /// Forgets where the content of a video's files is, as its manifest names it.
    func forget(_ videoID: String) {
        let manifest = AssetKey(videoID: videoID, fileName: Manifest.fileName)
        do throws(AssetError) {
            let file = try disk.open(root + "/" + manifest.path, .read, permissions: 0)
            let bytes = try file.read(at: 0, count: 1 << 20)
            for digest in Manifest.digests(in: bytes) {
                guard let path = path(of: digest), let link = try disk.linkTarget(path),
                    Self.key(link)?.videoID == videoID
                else { continue }
                try disk.remove(path)
            }
        } catch {
            return
        }
    }

    /// Where the entry of a digest is; nil for what is no digest.
    private func path(of sha256: String) -> String? {
        guard Self.isDigest(sha256) else { return nil }
        return root + "/" + Self.folderName + "/" + sha256.prefix(2) + "/" + sha256
    }

    /// Whether a text is a SHA-256 in lower-case hexadecimal.
    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private func folder(_ path: String) -> String {
        String(path.dropLast(65))
    }

    /// The file that an entry leads to, when it is one that the store could have made.
    private static func key(_ link: String) -> AssetKey? {
        let parts = link.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "..", parts[1] == ".." else { return nil }
        let key = AssetKey(videoID: String(parts[2]), fileName: String(parts[3]))
        return key.isValid ? key : nil
    }
}
