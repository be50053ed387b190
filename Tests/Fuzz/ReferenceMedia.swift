internal import ReelAssets

/// What a file is: a reading of ISO/IEC 14496-12, RFC 9559 and the formats of pictures that shares
/// no code with the inspector, with its choices of what has to be there.
enum ReferenceMedia {
    /// Nil for a file that is not whole, or not of the medium.
    static func facts(of file: [UInt8], asVideo: Bool) -> MediaFacts? {
        let all = ByteRange(file)
        if all.text(at: 4, 4) == "ftyp" { return asVideo ? film(all) : nil }
        if all.number(at: 0, 4) == 0x1A45_DFA3 { return asVideo ? webM(all) : nil }
        return asVideo ? nil : ReferencePicture.facts(all)
    }

    // MARK: Boxes

    private struct Box {
        let type: String
        let content: ByteRange
        let isOpen: Bool
    }

    /// The boxes that fill a range; nil when they do not.
    private static func boxes(_ range: ByteRange) -> [Box]? {
        var boxes: [Box] = []
        var rest = range
        while rest.count > 0 {
            guard let short = rest.number(at: 0, 4), let type = rest.text(at: 4, 4) else {
                return nil
            }
            var header = 8
            var size = short
            let isOpen = short == 0 && range.endsWithFile
            if isOpen { size = UInt64(rest.count) }
            if short == 1 {
                guard let long = rest.number(at: 8, 8) else { return nil }
                (header, size) = (16, long)
            }
            guard size >= header, size <= rest.count, let whole = rest.first(Int(size)),
                let content = whole.dropping(header), let next = rest.dropping(Int(size))
            else { return nil }
            boxes.append(Box(type: type, content: content, isOpen: isOpen))
            rest = next
        }
        return boxes
    }

    private struct Film {
        var endsOpen = false
        var sampleByteCount: Double = 0
        var lastChunk: UInt64 = 0

        /// The boxes inside a box.
        mutating func boxes(_ range: ByteRange) -> [Box]? {
            let found = ReferenceMedia.boxes(range)
            if found?.contains(where: \.isOpen) == true { endsOpen = true }
            return found
        }
    }

    private static func film(_ all: ByteRange) -> MediaFacts? {
        var film = Film()
        guard let top = film.boxes(all), let brands = top.first.flatMap({ brands($0.content) }),
            let movie = top.dropFirst().first(where: { $0.type == "moov" }),
            let inside = film.boxes(movie.content)
        else { return nil }
        var duration: Duration?
        for header in inside where header.type == "mvhd" {
            guard let read = movieDuration(header.content) else { return nil }
            duration = read
        }
        var hasVideo = false
        var (width, height) = (Int?.none, Int?.none)
        for box in inside where box.type == "trak" {
            guard let track = track(box, &film) else { return nil }
            guard track.isVideo else { continue }
            hasVideo = true
            width = width ?? track.width
            height = height ?? track.height
        }
        let media = top.dropFirst().filter { $0.type == "mdat" }.map(\.content.count).reduce(0, +)
        guard hasVideo, inside.contains(where: { $0.type == "mvhd" }), media > 0,
            !film.endsOpen || film.sampleByteCount <= Double(media),
            film.lastChunk < all.count
        else { return nil }
        let format = brands[0] == "qt  " ? MediaFormat.quickTime : .mp4
        return MediaFacts(format: format, duration: duration, width: width, height: height)
    }

    /// The brands of a file that has one of a video.
    private static func brands(_ content: ByteRange) -> [String]? {
        guard (8...4096).contains(content.count) else { return nil }
        let offsets = [0] + stride(from: 8, through: content.count - 4, by: 4)
        let brands = offsets.compactMap { content.text(at: $0, 4) }
        let known = """
            mp41 mp42 mp71 avc1 M4V_ M4VH M4VP MSNV qt__ dash cmfc cmf2 msdh f4v_ av01 hvc1 hev1 \
            mmp4 NDSC NDSH XAVC
            """
        let words = Set(known.split(separator: " ").map { $0.map { $0 == "_" ? " " : $0 } })
        let isVideo = brands.contains { brand in
            words.contains(Array(brand)) || ["iso", "3gp", "3g2"].contains { brand.hasPrefix($0) }
        }
        return isVideo ? brands : nil
    }

    /// The duration that a movie's header says, which may be that it does not know; nil when the
    /// header is broken.
    private static func movieDuration(_ content: ByteRange) -> Duration?? {
        let isLong = content.bytes.first == 1
        guard content.count >= (isLong ? 32 : 20),
            let scale = content.number(at: isLong ? 20 : 12, 4),
            let length = content.number(at: isLong ? 24 : 16, isLong ? 8 : 4), scale > 0
        else { return nil }
        if length == 0 || length == (isLong ? UInt64.max : 0xFFFF_FFFF) { return .some(nil) }
        guard length / scale < 1 << 40 else { return nil }
        let micros = UInt64(length % scale) * 1_000_000 / scale
        return Duration.seconds(Int64(length / scale)) + Duration.microseconds(Int64(micros))
    }

    private struct Track {
        var isVideo = false
        var width: Int?
        var height: Int?
    }

    private static func track(_ box: Box, _ film: inout Film) -> Track? {
        var track = Track()
        guard let inside = film.boxes(box.content) else { return nil }
        for box in inside {
            let content = box.content
            if box.type == "tkhd" {
                guard content.count >= 84, let width = content.number(at: content.count - 8, 2),
                    let height = content.number(at: content.count - 4, 2)
                else { return nil }
                track.width = width > 0 ? Int(width) : nil
                track.height = height > 0 ? Int(height) : nil
            } else if box.type == "mdia" {
                guard let media = film.boxes(content) else { return nil }
                track.isVideo = false
                for part in media {
                    if part.type == "hdlr" {
                        guard part.content.count >= 12 else { return nil }
                        track.isVideo = part.content.text(at: 8, 4) == "vide"
                    }
                    guard
                        !["minf", "stbl"].contains(part.type)
                            || tables(part.content, isInner: false, &film)
                    else { return nil }
                }
            }
        }
        return track
    }

    /// Notes what the tables of a track's samples say; false when they are broken.
    private static func tables(_ range: ByteRange, isInner: Bool, _ film: inout Film) -> Bool {
        guard let inside = film.boxes(range) else { return false }
        for box in inside {
            let content = box.content
            switch box.type {
            case "stbl":
                guard isInner || tables(content, isInner: true, &film) else { return false }
            case "stco", "co64":
                let width = box.type == "stco" ? 4 : 8
                guard content.count >= 8, let count = content.number(at: 4, 4),
                    count <= (content.count - 8) / width
                else { return false }
                for index in 0..<Int(count) {
                    let chunk = content.number(at: 8 + index * width, width) ?? 0
                    film.lastChunk = max(film.lastChunk, chunk)
                }
            case "stsz":
                guard content.count >= 12, let common = content.number(at: 4, 4),
                    let count = content.number(at: 8, 4),
                    common != 0 || count <= (content.count - 12) / 4
                else { return false }
                if common != 0 {
                    film.sampleByteCount += Double(common) * Double(count)
                } else {
                    for index in 0..<Int(count) {
                        film.sampleByteCount += Double(content.number(at: 12 + index * 4, 4) ?? 0)
                    }
                }
            default: break
            }
        }
        return true
    }
}
