/// The elements of a WebM file (RFC 8794 and RFC 9559), read far enough to know that it is whole.
struct ElementWalk {
    var bytes: MediaBytes
    var partsLeft: Int

    private struct Element {
        let id: UInt32
        let start: Int64
        /// Where it ends; the container's end when it does not say.
        let end: Int64
        let isOpen: Bool

        var count: Int64 { end - start }
    }

    private enum ID {
        static let header: UInt32 = 0x1A45_DFA3
        static let docType: UInt32 = 0x4282
        static let segment: UInt32 = 0x1853_8067
        static let info: UInt32 = 0x1549_A966
        static let timestampScale: UInt32 = 0x2A_D7B1
        static let duration: UInt32 = 0x4489
        static let tracks: UInt32 = 0x1654_AE6B
        static let trackEntry: UInt32 = 0xAE
        static let trackType: UInt32 = 0x83
        static let video: UInt32 = 0xE0
        static let pixelWidth: UInt32 = 0xB0
        static let pixelHeight: UInt32 = 0xBA
        static let cluster: UInt32 = 0x1F43_B675
    }

    private struct Movie {
        var duration: Duration?
        var hasInfo = false
        var hasVideo = false
        var width: Int?
        var height: Int?
        var clusterCount = 0
    }

    mutating func facts() throws(AssetError) -> MediaFacts {
        let header = try element(at: 0, within: bytes.byteCount)
        try check(header: header)
        var movie: Movie?
        var offset = header.end
        while offset < bytes.byteCount {
            let element = try element(at: offset, within: bytes.byteCount)
            if element.id == ID.segment, movie == nil { movie = try self.movie(element) }
            offset = element.end
        }
        guard let movie else { throw .notTheMedium(rule: "no_segment") }
        guard movie.hasInfo else { throw .notTheMedium(rule: "no_info") }
        guard movie.hasVideo else { throw .notTheMedium(rule: "no_video_track") }
        guard movie.clusterCount > 0 else { throw .notTheMedium(rule: "no_media_data") }
        return MediaFacts(
            format: .webM,
            duration: movie.duration,
            width: movie.width,
            height: movie.height
        )
    }

    private mutating func element(
        at offset: Int64,
        within end: Int64
    ) throws(AssetError) -> Element {
        partsLeft -= 1
        guard partsLeft >= 0 else { throw .notTheMedium(rule: "too_many_elements") }
        let rule = "element_header"
        // The count of leading zero bits tells how many bytes follow the first (RFC 8794, 4).
        let idByteCount = try bytes.byte(at: offset, rule).leadingZeroBitCount + 1
        guard idByteCount <= 4 else { throw .notTheMedium(rule: rule) }
        let id = UInt32(try bytes.bigEndian(at: offset, count: idByteCount, rule))
        let sizeOffset = offset + Int64(idByteCount)
        let sizeByteCount = try bytes.byte(at: sizeOffset, rule).leadingZeroBitCount + 1
        guard sizeByteCount <= 8 else { throw .notTheMedium(rule: rule) }
        let mask = UInt64(1) << (7 * UInt64(sizeByteCount)) - 1
        let size = try bytes.bigEndian(at: sizeOffset, count: sizeByteCount, rule) & mask
        let start = sizeOffset + Int64(sizeByteCount)
        guard start <= end else { throw .notTheMedium(rule: rule) }
        // All bits set means that the size was not known when it was written.
        if size == mask { return Element(id: id, start: start, end: end, isOpen: true) }
        guard size <= UInt64(end - start) else { throw .notTheMedium(rule: "element_past_end") }
        return Element(id: id, start: start, end: start + Int64(size), isOpen: false)
    }

    private mutating func check(header: Element) throws(AssetError) {
        guard !header.isOpen, header.count <= 4096 else {
            throw .notTheMedium(rule: "ebml_header")
        }
        var offset = header.start
        while offset < header.end {
            let element = try element(at: offset, within: header.end)
            if element.id == ID.docType {
                var name: [UInt8] = []
                for index in 0..<min(element.count, 16) {
                    name.append(try bytes.byte(at: element.start + index, "ebml_header"))
                }
                guard name == Array("webm".utf8) else {
                    throw .notTheMedium(rule: "unknown_doc_type")
                }
                return
            }
            offset = element.end
        }
        throw .notTheMedium(rule: "unknown_doc_type")
    }

    private mutating func movie(_ segment: Element) throws(AssetError) -> Movie {
        var movie = Movie()
        var offset = segment.start
        while offset < segment.end {
            let element = try element(at: offset, within: segment.end)
            // A live stream leaves its clusters open; whether such a file is whole cannot be told.
            guard !element.isOpen else { throw .notTheMedium(rule: "unknown_size") }
            switch element.id {
            case ID.info:
                movie.hasInfo = true
                movie.duration = try duration(element)
            case ID.tracks: try visit(tracks: element, &movie)
            case ID.cluster: movie.clusterCount += 1
            default: break
            }
            offset = element.end
        }
        return movie
    }

    /// The duration, a float in units of the timestamp scale, itself in nanoseconds.
    private mutating func duration(_ info: Element) throws(AssetError) -> Duration? {
        var scale = 1_000_000.0
        var length: Double?
        var offset = info.start
        while offset < info.end {
            let element = try element(at: offset, within: info.end)
            switch element.id {
            case ID.timestampScale: scale = Double(try unsigned(element))
            case ID.duration: length = try float(element)
            default: break
            }
            offset = element.end
        }
        guard let length else { return nil }
        let seconds = length * scale / 1e9
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else {
            throw .notTheMedium(rule: "duration")
        }
        return .milliseconds(Int64((seconds * 1000).rounded()))
    }

    private mutating func unsigned(_ element: Element) throws(AssetError) -> UInt64 {
        guard element.count <= 8 else { throw .notTheMedium(rule: "number_size") }
        return try bytes.bigEndian(at: element.start, count: Int(element.count), "number_size")
    }

    private mutating func float(_ element: Element) throws(AssetError) -> Double {
        let bits = try unsigned(element)
        switch element.count {
        case 4: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case 8: return Double(bitPattern: bits)
        default: throw .notTheMedium(rule: "number_size")
        }
    }

    private mutating func visit(tracks: Element, _ movie: inout Movie) throws(AssetError) {
        var offset = tracks.start
        while offset < tracks.end {
            let entry = try element(at: offset, within: tracks.end)
            if entry.id == ID.trackEntry { try visit(track: entry, &movie) }
            offset = entry.end
        }
    }

    private mutating func visit(track: Element, _ movie: inout Movie) throws(AssetError) {
        var offset = track.start
        while offset < track.end {
            let element = try element(at: offset, within: track.end)
            switch element.id {
            case ID.trackType where try unsigned(element) == 1: movie.hasVideo = true
            case ID.video: try visit(picture: element, &movie)
            default: break
            }
            offset = element.end
        }
    }

    private mutating func visit(picture: Element, _ movie: inout Movie) throws(AssetError) {
        var offset = picture.start
        while offset < picture.end {
            let element = try element(at: offset, within: picture.end)
            switch element.id {
            case ID.pixelWidth: movie.width = Int(clamping: try unsigned(element))
            case ID.pixelHeight: movie.height = Int(clamping: try unsigned(element))
            default: break
            }
            offset = element.end
        }
    }
}
