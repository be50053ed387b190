/// The boxes of an ISO base media file (ISO/IEC 14496-12), read far enough to know that it is
/// whole.
struct BoxWalk {
    var bytes: MediaBytes
    var partsLeft: Int
    /// The furthest offset that a track says a chunk of its samples begins at.
    private var lastChunkOffset: UInt64 = 0
    /// The bytes that all tracks' samples have together, held at the largest number.
    private var sampleByteCount: UInt64 = 0
    /// Whether the last box says only that it goes on to the end of the file.
    private var endsOpen = false

    init(bytes: MediaBytes, partsLeft: Int) {
        self.bytes = bytes
        self.partsLeft = partsLeft
    }

    /// A box: where its payload begins and ends.
    struct Box {
        let type: FourCharacterCode
        let start: Int64
        let end: Int64

        var count: Int64 { end - start }
    }

    private struct Movie {
        var hasHeader = false
        var duration: Duration?
        var trackCount = 0
        var hasVideo = false
        var width: Int?
        var height: Int?
    }

    mutating func facts() throws(AssetError) -> MediaFacts {
        let first = try box(at: 0, within: bytes.byteCount)
        let format = try brand(first)
        var movie: Movie?
        var mediaByteCount: Int64 = 0
        var offset = first.end
        while offset < bytes.byteCount {
            let box = try box(at: offset, within: bytes.byteCount)
            switch box.type {
            case "moov" where movie == nil: movie = try self.movie(box)
            case "mdat": mediaByteCount += box.count
            default: break
            }
            offset = box.end
        }
        guard let movie else { throw .notTheMedium(rule: "no_moov") }
        guard movie.hasHeader else { throw .notTheMedium(rule: "no_mvhd") }
        guard movie.trackCount > 0 else { throw .notTheMedium(rule: "no_track") }
        guard movie.hasVideo else { throw .notTheMedium(rule: "no_video_track") }
        guard mediaByteCount > 0 else { throw .notTheMedium(rule: "no_media_data") }
        // What a cut file betrays even when its last box claims no size.
        guard !endsOpen || sampleByteCount <= UInt64(mediaByteCount) else {
            throw .notTheMedium(rule: "samples_past_end")
        }
        guard lastChunkOffset < UInt64(bytes.byteCount) else {
            throw .notTheMedium(rule: "chunk_past_end")
        }
        return MediaFacts(
            format: format,
            duration: movie.duration,
            width: movie.width,
            height: movie.height
        )
    }

    /// The box that begins at an offset of the container that ends at `end`.
    ///
    /// A size of 1 means that 64 bits of size follow the type; 0 means up to the end of the file,
    /// which only a box of the top level may say (section 4.2).
    private mutating func box(at offset: Int64, within end: Int64) throws(AssetError) -> Box {
        partsLeft -= 1
        guard partsLeft >= 0 else { throw .notTheMedium(rule: "too_many_boxes") }
        guard end - offset >= 8 else { throw .notTheMedium(rule: "box_header") }
        let short = try bytes.bigEndian(at: offset, count: 4, "box_header")
        let type = try bytes.code(at: offset + 4, "box_header")
        var headerByteCount: Int64 = 8
        var size = Int64(short)
        if short == 1 {
            guard end - offset >= 16 else { throw .notTheMedium(rule: "box_header") }
            let long = try bytes.bigEndian(at: offset + 8, count: 8, "box_header")
            guard let exact = Int64(exactly: long) else {
                throw .notTheMedium(rule: "box_past_end")
            }
            headerByteCount = 16
            size = exact
        } else if short == 0, end == bytes.byteCount {
            size = end - offset
            endsOpen = true
        }
        guard size >= headerByteCount else { throw .notTheMedium(rule: "box_size") }
        guard size <= end - offset else { throw .notTheMedium(rule: "box_past_end") }
        return Box(type: type, start: offset + headerByteCount, end: offset + size)
    }

    /// Whether one of the file's brands is one of a video; `qt  ` makes it QuickTime.
    private mutating func brand(_ box: Box) throws(AssetError) -> MediaFormat {
        guard box.count >= 8, box.count <= 4096 else { throw .notTheMedium(rule: "ftyp_size") }
        var brands = [try bytes.code(at: box.start, "ftyp_size")]
        // The minor version stands between the major brand and the compatible ones.
        var offset = box.start + 8
        while box.end - offset >= 4 {
            brands.append(try bytes.code(at: offset, "ftyp_size"))
            offset += 4
        }
        if brands[0] == "qt  " { return .quickTime }
        guard brands.contains(where: Self.isVideoBrand) else {
            throw .notTheMedium(rule: "unknown_brand")
        }
        return .mp4
    }

    private static let videoBrands: Set<FourCharacterCode> = [
        "mp41", "mp42", "mp71", "avc1", "M4V ", "M4VH", "M4VP", "MSNV", "qt  ", "dash", "cmfc",
        "cmf2", "msdh", "f4v ", "av01", "hvc1", "hev1", "mmp4", "NDSC", "NDSH", "XAVC",
    ]

    /// The families `iso?`, `3gp?` and `3g2?` count up with each edition.
    private static func isVideoBrand(_ brand: FourCharacterCode) -> Bool {
        let family = brand.rawValue >> 8
        return videoBrands.contains(brand)
            || ["iso", "3gp", "3g2"].contains {
                FourCharacterCode(stringLiteral: $0).rawValue == family
            }
    }

    private mutating func movie(_ moov: Box) throws(AssetError) -> Movie {
        var movie = Movie()
        var offset = moov.start
        while offset < moov.end {
            let box = try box(at: offset, within: moov.end)
            switch box.type {
            case "mvhd":
                movie.hasHeader = true
                movie.duration = try duration(box)
            case "trak":
                movie.trackCount += 1
                let track = try track(box)
                if track.isVideo {
                    movie.hasVideo = true
                    movie.width = movie.width ?? track.width
                    movie.height = movie.height ?? track.height
                }
            default: break
            }
            offset = box.end
        }
        return movie
    }

    /// The duration in `mvhd` (section 8.2.2); nil when it says 0 or that it does not know.
    private mutating func duration(_ box: Box) throws(AssetError) -> Duration? {
        let rule = "mvhd_size"
        let isLong = try bytes.byte(at: box.start, rule) == 1
        guard box.count >= (isLong ? 32 : 20) else { throw .notTheMedium(rule: rule) }
        let width = isLong ? 8 : 4
        let scaleOffset = box.start + 4 + Int64(2 * width)
        let scale = try bytes.bigEndian(at: scaleOffset, count: 4, rule)
        let length = try bytes.bigEndian(at: scaleOffset + 4, count: width, rule)
        guard scale > 0 else { throw .notTheMedium(rule: "timescale") }
        let unknown: UInt64 = isLong ? .max : UInt64(UInt32.max)
        guard length > 0, length != unknown else { return nil }
        let (seconds, rest) = length.quotientAndRemainder(dividingBy: scale)
        guard let seconds = Int64(exactly: seconds), seconds < 1 << 40 else {
            throw .notTheMedium(rule: "duration")
        }
        return .seconds(seconds) + .microseconds(Int64(rest * 1_000_000 / scale))
    }

    private struct Track {
        var isVideo = false
        var width: Int?
        var height: Int?
    }

    private mutating func track(_ trak: Box) throws(AssetError) -> Track {
        var track = Track()
        var offset = trak.start
        while offset < trak.end {
            let box = try box(at: offset, within: trak.end)
            switch box.type {
            case "tkhd":
                // Width and height are the last eight bytes, in 16.16 fixed point (8.3.2).
                guard box.count >= 84 else { throw .notTheMedium(rule: "tkhd_size") }
                track.width = try pixels(at: box.end - 8)
                track.height = try pixels(at: box.end - 4)
            case "mdia": track.isVideo = try visit(media: box)
            default: break
            }
            offset = box.end
        }
        return track
    }

    private mutating func pixels(at offset: Int64) throws(AssetError) -> Int? {
        let value = Int(try bytes.bigEndian(at: offset, count: 4, "tkhd_size") >> 16)
        return value > 0 ? value : nil
    }

    /// Whether it is a video track; goes down to the chunk offsets on the way.
    private mutating func visit(media: Box) throws(AssetError) -> Bool {
        var isVideo = false
        var offset = media.start
        while offset < media.end {
            let box = try box(at: offset, within: media.end)
            switch box.type {
            case "hdlr":
                guard box.count >= 12 else { throw .notTheMedium(rule: "hdlr_size") }
                isVideo = try bytes.code(at: box.start + 8, "hdlr_size") == "vide"
            case "minf", "stbl": try visit(tables: box)
            default: break
            }
            offset = box.end
        }
        return isVideo
    }

    private mutating func visit(tables container: Box, depth: Int = 0) throws(AssetError) {
        var offset = container.start
        while offset < container.end {
            let box = try box(at: offset, within: container.end)
            switch box.type {
            case "stbl" where depth == 0: try visit(tables: box, depth: 1)
            case "stco": try noteChunks(box, entryByteCount: 4)
            case "co64": try noteChunks(box, entryByteCount: 8)
            case "stsz": try noteSamples(box)
            default: break
            }
            offset = box.end
        }
    }

    private mutating func noteChunks(_ box: Box, entryByteCount: Int) throws(AssetError) {
        let rule = "chunk_table"
        guard box.count >= 8 else { throw .notTheMedium(rule: rule) }
        let count = Int64(try bytes.bigEndian(at: box.start + 4, count: 4, rule))
        guard count <= (box.count - 8) / Int64(entryByteCount) else {
            throw .notTheMedium(rule: rule)
        }
        for index in 0..<count {
            let offset = try bytes.bigEndian(
                at: box.start + 8 + index * Int64(entryByteCount),
                count: entryByteCount,
                rule
            )
            lastChunkOffset = max(lastChunkOffset, offset)
        }
    }

    /// The sizes of a track's samples (section 8.7.3): one for all, or a table.
    private mutating func noteSamples(_ box: Box) throws(AssetError) {
        let rule = "sample_table"
        guard box.count >= 12 else { throw .notTheMedium(rule: rule) }
        let common = try bytes.bigEndian(at: box.start + 4, count: 4, rule)
        let count = try bytes.bigEndian(at: box.start + 8, count: 4, rule)
        guard common == 0 else {
            // Both have 32 bits, so the product has no more than 64.
            return addSamples(common * count)
        }
        guard Int64(count) <= (box.count - 12) / 4 else { throw .notTheMedium(rule: rule) }
        for index in 0..<Int64(count) {
            addSamples(try bytes.bigEndian(at: box.start + 12 + index * 4, count: 4, rule))
        }
    }

    private mutating func addSamples(_ byteCount: UInt64) {
        let sum = sampleByteCount.addingReportingOverflow(byteCount)
        sampleByteCount = sum.overflow ? .max : sum.partialValue
    }
}
