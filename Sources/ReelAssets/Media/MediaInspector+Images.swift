extension MediaInspector {
    /// WebP (RFC 9649): the RIFF size is the file's, the chunks fill it, and one is a picture.
    func webP(_ bytes: inout MediaBytes) throws(AssetError) -> MediaFacts {
        guard bytes.byteCount >= 20 else { throw .notTheMedium(rule: "riff_size") }
        let size = Int64(try bytes.littleEndian(at: 4, count: 4, "riff_size"))
        guard size + 8 == bytes.byteCount else { throw .notTheMedium(rule: "riff_size") }
        var canvas: (width: Int, height: Int)?
        var picture: (width: Int, height: Int)?
        var partsLeft = partCountMax
        var offset: Int64 = 12
        while offset < bytes.byteCount {
            partsLeft -= 1
            guard partsLeft >= 0 else { throw .notTheMedium(rule: "too_many_chunks") }
            guard bytes.byteCount - offset >= 8 else { throw .notTheMedium(rule: "chunk_header") }
            let type = try bytes.code(at: offset, "chunk_header")
            let count = Int64(try bytes.littleEndian(at: offset + 4, count: 4, "chunk_header"))
            let start = offset + 8
            // A chunk of odd size is followed by a byte of padding.
            guard count + (count & 1) <= bytes.byteCount - start else {
                throw .notTheMedium(rule: "chunk_past_end")
            }
            switch type {
            case "VP8X": canvas = try extended(&bytes, at: start, count)
            case "VP8 " where picture == nil: picture = try lossy(&bytes, at: start, count)
            case "VP8L" where picture == nil: picture = try lossless(&bytes, at: start, count)
            case "ANMF" where picture == nil: picture = canvas
            default: break
            }
            offset = start + count + (count & 1)
        }
        guard let picture else { throw .notTheMedium(rule: "no_picture") }
        let shown = canvas ?? picture
        return MediaFacts(format: .webP, width: shown.width, height: shown.height)
    }

    private func extended(
        _ bytes: inout MediaBytes,
        at start: Int64,
        _ count: Int64
    ) throws(AssetError) -> (width: Int, height: Int) {
        guard count >= 10 else { throw .notTheMedium(rule: "picture_header") }
        return (
            Int(try bytes.littleEndian(at: start + 4, count: 3, "picture_header")) + 1,
            Int(try bytes.littleEndian(at: start + 7, count: 3, "picture_header")) + 1
        )
    }

    /// The frame header of VP8 (RFC 6386, section 9.1): a key frame, its start code, two sizes of
    /// 14 bits.
    private func lossy(
        _ bytes: inout MediaBytes,
        at start: Int64,
        _ count: Int64
    ) throws(AssetError) -> (width: Int, height: Int) {
        let rule = "picture_header"
        guard count >= 10, try bytes.byte(at: start, rule) & 1 == 0,
            try bytes.bigEndian(at: start + 3, count: 3, rule) == 0x9D012A
        else { throw .notTheMedium(rule: rule) }
        let width = Int(try bytes.littleEndian(at: start + 6, count: 2, rule) & 0x3FFF)
        let height = Int(try bytes.littleEndian(at: start + 8, count: 2, rule) & 0x3FFF)
        guard width > 0, height > 0 else { throw .notTheMedium(rule: rule) }
        return (width, height)
    }

    private func lossless(
        _ bytes: inout MediaBytes,
        at start: Int64,
        _ count: Int64
    ) throws(AssetError) -> (width: Int, height: Int) {
        let rule = "picture_header"
        guard count >= 5, try bytes.byte(at: start, rule) == 0x2F else {
            throw .notTheMedium(rule: rule)
        }
        let bits = try bytes.littleEndian(at: start + 1, count: 4, rule)
        return (Int(bits & 0x3FFF) + 1, Int(bits >> 14 & 0x3FFF) + 1)
    }

    /// PNG (RFC 2083): chunks with good checksums, from IHDR over IDAT to an IEND at the end.
    func png(_ bytes: inout MediaBytes) throws(AssetError) -> MediaFacts {
        var size: (width: Int, height: Int)?
        var hasData = false
        var partsLeft = partCountMax
        var offset: Int64 = 8
        while true {
            partsLeft -= 1
            guard partsLeft >= 0 else { throw .notTheMedium(rule: "too_many_chunks") }
            guard bytes.byteCount - offset >= 12 else {
                throw .notTheMedium(rule: "chunk_past_end")
            }
            let count = Int64(try bytes.bigEndian(at: offset, count: 4, "chunk_header"))
            let type = try bytes.code(at: offset + 4, "chunk_header")
            guard count <= bytes.byteCount - offset - 12 else {
                throw .notTheMedium(rule: "chunk_past_end")
            }
            var checksum = CyclicChecksum()
            for index in 0..<(count + 4) {
                checksum.update(try bytes.byte(at: offset + 4 + index, "chunk_past_end"))
            }
            let end = offset + 12 + count
            guard try bytes.bigEndian(at: end - 4, count: 4, "chunk_header") == checksum.value
            else { throw .notTheMedium(rule: "chunk_checksum") }
            switch type {
            case "IHDR" where offset == 8 && count == 13:
                size = (
                    Int(try bytes.bigEndian(at: 16, count: 4, "picture_header")),
                    Int(try bytes.bigEndian(at: 20, count: 4, "picture_header"))
                )
            case "IDAT": hasData = true
            case "IEND":
                guard let size, size.width > 0, size.height > 0 else {
                    throw .notTheMedium(rule: "picture_header")
                }
                guard hasData else { throw .notTheMedium(rule: "no_picture") }
                guard end == bytes.byteCount else { throw .notTheMedium(rule: "trailing_bytes") }
                return MediaFacts(format: .png, width: size.width, height: size.height)
            default: break
            }
            offset = end
        }
    }
}
