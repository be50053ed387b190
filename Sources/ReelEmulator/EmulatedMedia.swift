internal import ReelCrypto
internal import ReelRuntime

/// The content of one variant of one video: a real file, and bytes that no other video has.
///
/// Whatever its size, only the part that is asked for is made, so that a large file takes no
/// memory.
struct EmulatedMedia: Sendable {
    enum Variant: String, CaseIterable, Sendable {
        case video
        case thumbnail
        case spritesheet
    }

    let contentType: String
    let byteCount: Int
    private let head: [UInt8]
    /// What the bytes after `head` are made from.
    private let fillSeed: UInt64

    /// What a film says of itself in its header.
    struct Looks: Sendable, Hashable {
        var width: UInt16
        var height: UInt16
        var seconds: UInt32

        /// What was ordered; nil where that cannot stand in a header.
        init?(_ parameters: VideoParameters) {
            let sides = parameters.size.split(separator: "x").compactMap { UInt16($0) }
            guard sides.count == 2, let seconds = UInt32(parameters.seconds) else { return nil }
            (width, height, self.seconds) = (sides[0], sides[1], seconds)
        }
    }

    /// The content for a video; `byteCountMin` pads the video, and only that, and it looks as it
    /// is unless `looks` says how.
    init(_ variant: Variant, videoID: String, byteCountMin: Int, looks: Looks? = nil) {
        switch variant {
        case .video:
            contentType = "video/mp4"
            let film = Self.film(PackageResources.video_mp4, looks)
            let name = Array(videoID.utf8)
            byteCount = max(film.count + 8 + name.count, byteCountMin)
            head = film + Self.freeBoxHeader(byteCount: byteCount - film.count) + name
        case .thumbnail:
            contentType = "image/webp"
            head = PackageResources.thumbnail_webp
            byteCount = head.count
        case .spritesheet:
            contentType = "image/jpeg"
            head = Self.commented(PackageResources.spritesheet_jpg, with: Array(videoID.utf8))
            byteCount = head.count
        }
        var seed: UInt64 = 0
        for byte in videoID.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        fillSeed = seed
    }

    /// The bytes of a range within the file.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        if range.lowerBound < head.count {
            result += head[range.lowerBound..<min(range.upperBound, head.count)]
        }
        var offset = max(range.lowerBound, head.count)
        while offset < range.upperBound {
            let word = fill(offset / 8)
            repeat {
                result.append(UInt8(truncatingIfNeeded: word >> UInt64(offset % 8 * 8)))
                offset += 1
            } while offset < range.upperBound && offset % 8 != 0
        }
        return result
    }

    /// The SHA-256 of the whole, in lower-case hexadecimal digits.
    var sha256: String {
        var hash = SHA256()
        var offset = 0
        while offset < byteCount {
            let end = min(byteCount, offset + 1 << 16)
            hash.update(bytes(offset..<end).span)
            offset = end
        }
        return hexadecimal(hash.finish())
    }

    /// The film with another duration in its `mvhd` and another size in its `tkhd`, both of version
    /// 0 (ISO/IEC 14496-12, sections 8.2.2 and 8.3.2).
    private static func film(_ film: [UInt8], _ looks: Looks?) -> [UInt8] {
        guard let looks, let movie = offset(of: "mvhd", in: film),
            let track = offset(of: "tkhd", in: film)
        else { return film }
        var film = film
        let scale = film[(movie + 16)..<(movie + 20)].reduce(0) { $0 << 8 | UInt64($1) }
        film.replaceSubrange(
            (movie + 20)..<(movie + 24),
            with: bigEndian(scale * UInt64(looks.seconds)).suffix(4)
        )
        film.replaceSubrange(
            (track + 80)..<(track + 88),
            with: bigEndian(UInt64(looks.width) << 48 | UInt64(looks.height) << 16)
        )
        return film
    }

    /// Where a box's type stands.
    private static func offset(of type: String, in film: [UInt8]) -> Int? {
        let code = Array(type.utf8)
        return film.indices.dropLast(100).first { film[$0..<($0 + 4)].elementsEqual(code) }
    }

    private func fill(_ index: Int) -> UInt64 {
        // The mixing of SplitMix64, which makes every word of the fill another one.
        var bits = fillSeed &+ UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// The header of a `free` box (ISO/IEC 14496-12, section 8.1.2) of that size; one of 4 GiB or
    /// more has its size in 64 bits, eight bytes of which then belong to the header.
    private static func freeBoxHeader(byteCount: Int) -> [UInt8] {
        let isLarge = byteCount > Int(UInt32.max)
        let size = bigEndian(UInt64(isLarge ? 1 : byteCount)).suffix(4)
        return size + Array("free".utf8) + (isLarge ? bigEndian(UInt64(byteCount)) : [])
    }

    /// The JPEG with a comment segment (ITU T.81, section B.2.4.5) after its first marker.
    private static func commented(_ picture: [UInt8], with text: [UInt8]) -> [UInt8] {
        let length = bigEndian(UInt64(text.count + 2)).suffix(2)
        return picture.prefix(2) + [0xFF, 0xFE] + length + text + picture.dropFirst(2)
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}
