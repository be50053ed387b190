/// Tells whether a file is whole and is the medium that it should be, from its structure alone.
///
/// It decodes no picture. It reads the file through a small window and visits a bounded number of
/// parts, so that no bytes, however made, cost more than one pass over them; and it never traps.
package struct MediaInspector: Sendable {
    /// What a file is wanted for.
    package enum Medium: Sendable, Hashable {
        case video
        case image
    }

    /// The most boxes, chunks or elements visited in one file.
    package var partCountMax: Int

    package init(partCountMax: Int = 100_000) {
        self.partCountMax = partCountMax
    }

    /// What the file is.
    ///
    /// - Throws: `.notTheMedium` with the rule that the file breaks; whatever reading throws.
    package func inspect(
        _ bytes: MediaBytes,
        as medium: Medium
    ) throws(AssetError) -> MediaFacts {
        var bytes = bytes
        guard bytes.byteCount > 0 else { throw .notTheMedium(rule: "empty") }
        var head: [UInt8] = []
        for offset in 0..<min(bytes.byteCount, Int64(Self.sniffByteCount)) {
            head.append(try bytes.byte(at: offset, "empty"))
        }
        let family = try Self.sniff(head)
        switch (medium, family.isVideo) {
        case (.video, false): throw .notTheMedium(rule: "not_a_video")
        case (.image, true): throw .notTheMedium(rule: Self.videoForImage)
        case (.video, true), (.image, false): break
        }
        switch family {
        case .mp4, .quickTime:
            var walk = BoxWalk(bytes: bytes, partsLeft: partCountMax)
            return try walk.facts()
        case .webM:
            var walk = ElementWalk(bytes: bytes, partsLeft: partCountMax)
            return try walk.facts()
        case .webP: return try webP(&bytes)
        case .jpeg: return try jpeg(&bytes)
        case .png: return try png(&bytes)
        }
    }

    /// The rule that a video breaks which came in the place of a picture.
    package static let videoForImage = "not_an_image"

    /// How many bytes `sniff` looks at.
    package static let sniffByteCount = 64

    /// The family that a file's first bytes belong to; of the ISO family always `.mp4`.
    ///
    /// - Throws: `.notTheMedium`: `html`, `json`, `no_ftyp`, `unknown_format`.
    package static func sniff(_ head: [UInt8]) throws(AssetError) -> MediaFormat {
        func stands(_ text: String, at offset: Int) -> Bool {
            head.dropFirst(offset).starts(with: text.utf8)
        }
        if stands("ftyp", at: 4) { return .mp4 }
        if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return .webM }
        if stands("RIFF", at: 0), stands("WEBP", at: 8) { return .webP }
        if head.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if ["moov", "mdat", "free", "skip", "wide", "moof", "styp"].contains(where: {
            stands($0, at: 4)
        }) {
            throw .notTheMedium(rule: "no_ftyp")
        }
        // A byte order mark or white space may stand before text.
        let text = head.drop { [0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if text.first == UInt8(ascii: "<") { throw .notTheMedium(rule: "html") }
        if text.first == UInt8(ascii: "{") { throw .notTheMedium(rule: "json") }
        throw .notTheMedium(rule: "unknown_format")
    }
}
