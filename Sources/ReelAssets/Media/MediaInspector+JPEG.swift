extension MediaInspector {
    /// JPEG (ITU-T T.81, annex B): segments, a frame header, a scan, and the end of the image
    /// where the file ends.
    func jpeg(_ bytes: inout MediaBytes) throws(AssetError) -> MediaFacts {
        var size: (width: Int, height: Int)?
        var hasScan = false
        var partsLeft = partCountMax
        var offset: Int64 = 2
        while true {
            partsLeft -= 1
            guard partsLeft >= 0 else { throw .notTheMedium(rule: "too_many_segments") }
            let marker = try marker(&bytes, at: &offset)
            switch marker {
            case 0xD9:
                guard let size else { throw .notTheMedium(rule: "no_frame") }
                guard hasScan else { throw .notTheMedium(rule: "no_scan") }
                guard offset == bytes.byteCount else { throw .notTheMedium(rule: "trailing_bytes") }
                return MediaFacts(format: .jpeg, width: size.width, height: size.height)
            case 0x01, 0xD0...0xD7:
                continue  // Markers without a segment.
            case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
                if size == nil { size = try frame(&bytes, at: offset) }
            case 0xDA: hasScan = true
            default: break
            }
            let count = Int64(try bytes.bigEndian(at: offset, count: 2, Self.noEnd))
            guard count >= 2 else { throw .notTheMedium(rule: "segment_size") }
            guard count <= bytes.byteCount - offset else { throw .notTheMedium(rule: Self.noEnd) }
            offset += count
            if marker == 0xDA { try skipScan(&bytes, &offset) }
        }
    }

    private static let noEnd = "no_end_of_image"

    /// The marker at the offset, which moves past it; any number of 0xFF may stand before one.
    private func marker(
        _ bytes: inout MediaBytes,
        at offset: inout Int64
    ) throws(AssetError) -> UInt8 {
        guard try bytes.byte(at: offset, Self.noEnd) == 0xFF else {
            throw .notTheMedium(rule: "no_marker")
        }
        var byte: UInt8 = 0xFF
        while byte == 0xFF {
            offset += 1
            byte = try bytes.byte(at: offset, Self.noEnd)
        }
        offset += 1
        return byte
    }

    private func frame(
        _ bytes: inout MediaBytes,
        at offset: Int64
    ) throws(AssetError) -> (width: Int, height: Int) {
        let rule = "picture_header"
        let height = Int(try bytes.bigEndian(at: offset + 3, count: 2, rule))
        let width = Int(try bytes.bigEndian(at: offset + 5, count: 2, rule))
        guard width > 0, height > 0 else { throw .notTheMedium(rule: rule) }
        return (width, height)
    }

    /// Moves over coded data up to the next marker; 0xFF 0x00 and restart markers belong to it.
    private func skipScan(
        _ bytes: inout MediaBytes,
        _ offset: inout Int64
    ) throws(AssetError) {
        while true {
            guard try bytes.byte(at: offset, Self.noEnd) == 0xFF else {
                offset += 1
                continue
            }
            switch try bytes.byte(at: offset + 1, Self.noEnd) {
            case 0x00, 0xD0...0xD7: offset += 2
            default: return
            }
        }
    }
}
