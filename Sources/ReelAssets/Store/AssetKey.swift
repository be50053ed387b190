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

    /// Reads what `path` gives; nil for anything else.
    package init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(videoID: String(parts[0]), fileName: String(parts[1]))
        guard isValid else { return nil }
    }

    /// Whether it is one of a video's files, and not its manifest or a stranger's file.
    package var isVariant: Bool {
        let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && ["video", "thumbnail", "spritesheet"].contains(parts[0])
            && MediaFormat.allCases.contains { $0.fileExtension == parts[1] }
    }

    /// Whether both parts are names that walk no path.
    package var isValid: Bool {
        Self.isFolderName(videoID) && Self.isName(fileName, marks: "._-", byteCountMax: 100)
    }

    /// `<video id>/<file name>`: where it is below the root of any store.
    package var path: String { videoID + "/" + fileName }

    static func isFolderName(_ text: String) -> Bool {
        isName(text, marks: "._~=+:@-", byteCountMax: 200)
    }

    private static func isName(_ text: String, marks: String, byteCountMax: Int) -> Bool {
        guard (1...byteCountMax).contains(text.utf8.count), let first = text.utf8.first,
            isAlphanumeric(first) || first == UInt8(ascii: "_")
        else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || marks.utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
