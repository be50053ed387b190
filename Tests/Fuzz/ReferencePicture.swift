internal import ReelAssets

/// What a picture is: a reading of RFC 9649, RFC 2083 and ITU-T T.81 that shares no code with the
/// inspector.
enum ReferencePicture {
    /// Nil for what is none of the three, or not whole.
    static func facts(_ all: ByteRange) -> MediaFacts? {
        if all.text(at: 0, 4) == "RIFF", all.text(at: 8, 4) == "WEBP" { return webP(all) }
        if all.number(at: 0, 8) == 0x8950_4E47_0D0A_1A0A { return png(all) }
        if all.number(at: 0, 3) == 0xFFD8FF { return jpeg(all) }
        return nil
    }

    /// Gives the chunks of a PNG the checksums that they should have.
    static func repair(_ file: inout [UInt8]) {
        guard ByteRange(file).number(at: 0, 8) == 0x8950_4E47_0D0A_1A0A else { return }
        var start = 8
        while let count = ByteRange(file).number(at: start, 4), count <= file.count - start - 12 {
            let end = start + 8 + Int(count)
            let sum = checksum(file[start + 4..<end])
            for index in 0..<4 {
                file[end + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index))
            }
            start = end + 4
            guard start < file.count else { return }
        }
    }

    /// CRC-32 by division, bit for bit.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var rest = UInt32.max
        for byte in bytes {
            for bit in 0..<8 {
                let isOdd = (rest ^ UInt32(byte >> bit)) & 1 == 1
                rest >>= 1
                if isOdd { rest ^= 0xEDB8_8320 }
            }
        }
        return ~rest
    }

    private static func facts(
        _ format: MediaFormat,
        _ width: UInt64,
        _ height: UInt64
    ) -> MediaFacts {
        MediaFacts(format: format, width: Int(width), height: Int(height))
    }

    private static func png(_ all: ByteRange) -> MediaFacts? {
        guard var rest = all.dropping(8) else { return nil }
        var size: (UInt64, UInt64)?
        var hasData = false
        var isFirst = true
        while let count = rest.number(at: 0, 4), let chunk = rest.first(Int(count) + 12),
            let next = rest.dropping(Int(count) + 12), let type = chunk.text(at: 4, 4)
        {
            let covered = chunk.bytes.dropFirst(4).dropLast(4)
            guard chunk.number(at: Int(count) + 8, 4) == UInt64(checksum(covered)) else {
                return nil
            }
            if type == "IHDR", isFirst, count == 13 {
                guard let width = chunk.number(at: 8, 4), let height = chunk.number(at: 12, 4)
                else { return nil }
                size = (width, height)
            }
            if type == "IDAT" { hasData = true }
            if type == "IEND" {
                guard let size, size.0 > 0, size.1 > 0, hasData, next.count == 0 else { return nil }
                return facts(.png, size.0, size.1)
            }
            isFirst = false
            rest = next
        }
        return nil
    }

    private static func webP(_ all: ByteRange) -> MediaFacts? {
        guard all.count >= 20, all.littleNumber(at: 4, 4) == UInt64(all.count - 8),
            var rest = all.dropping(12)
        else { return nil }
        var canvas: (UInt64, UInt64)?
        var picture: (UInt64, UInt64)?
        while rest.count > 0 {
            guard let type = rest.text(at: 0, 4), let count = rest.littleNumber(at: 4, 4),
                let next = rest.dropping(8 + Int(count + count % 2)),
                let content = rest.dropping(8)?.first(Int(count))
            else { return nil }
            switch type {
            case "VP8X":
                guard content.count >= 10, let width = content.littleNumber(at: 4, 3),
                    let height = content.littleNumber(at: 7, 3)
                else { return nil }
                canvas = (width + 1, height + 1)
            case "VP8 " where picture == nil:
                guard content.count >= 10, let flags = content.number(at: 0, 1), flags % 2 == 0,
                    content.number(at: 3, 3) == 0x9D_012A,
                    let width = content.littleNumber(at: 6, 2).map({ $0 % 0x4000 }),
                    let height = content.littleNumber(at: 8, 2).map({ $0 % 0x4000 }),
                    width > 0, height > 0
                else { return nil }
                picture = (width, height)
            case "VP8L" where picture == nil:
                guard content.number(at: 0, 1) == 0x2F, let bits = content.littleNumber(at: 1, 4)
                else { return nil }
                picture = (bits % 0x4000 + 1, bits / 0x4000 % 0x4000 + 1)
            case "ANMF": picture = picture ?? canvas
            default: break
            }
            rest = next
        }
        guard let picture else { return nil }
        let shown = canvas ?? picture
        return facts(.webP, shown.0, shown.1)
    }

    private static func jpeg(_ all: ByteRange) -> MediaFacts? {
        guard var rest = all.dropping(2) else { return nil }
        var size: (UInt64, UInt64)?
        var hasScan = false
        while true {
            guard rest.bytes.first == 0xFF,
                let marker = rest.bytes.first(where: { $0 != 0xFF }).map({ Int($0) })
            else { return nil }
            let fill = rest.bytes.prefix { $0 == 0xFF }.count
            guard let after = rest.dropping(fill + 1) else { return nil }
            rest = after
            if marker == 0xD9 {
                guard let size, hasScan, rest.count == 0 else { return nil }
                return facts(.jpeg, size.0, size.1)
            }
            if marker == 1 || (0xD0...0xD7).contains(marker) { continue }
            let isFrame = marker >= 0xC0 && marker <= 0xCF && marker % 4 != 0 || marker == 0xC0
            if isFrame, size == nil {
                guard let height = rest.number(at: 3, 2), let width = rest.number(at: 5, 2),
                    height > 0, width > 0
                else { return nil }
                size = (width, height)
            }
            guard let count = rest.number(at: 0, 2), count >= 2,
                let next = rest.dropping(Int(count))
            else { return nil }
            rest = next
            if marker == 0xDA {
                hasScan = true
                guard let end = endOfScan(rest) else { return nil }
                rest = end
            }
        }
    }

    /// What follows coded data: from the first 0xFF that belongs to no byte of it.
    private static func endOfScan(_ data: ByteRange) -> ByteRange? {
        var index = 0
        let bytes = Array(data.bytes)
        while index + 1 < bytes.count {
            if bytes[index] != 0xFF {
                index += 1
            } else if bytes[index + 1] == 0 || (0xD0...0xD7).contains(bytes[index + 1]) {
                index += 2
            } else {
                return data.dropping(index)
            }
        }
        return nil
    }
}
