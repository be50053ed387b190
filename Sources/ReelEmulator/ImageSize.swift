/// The pixel size of a PNG, JPEG or WebP picture, read from its header.
struct ImageSize: Hashable, Sendable {
    let width: Int
    let height: Int

    /// Reads a picture's header; nil when it is none of these formats or cut off.
    init?(_ bytes: [UInt8]) {
        guard let size = Self.png(bytes) ?? Self.webP(bytes) ?? Self.jpeg(bytes) else {
            return nil
        }
        self = size
    }

    private init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// PNG (W3C), section 11.2.1: the first chunk is IHDR.
    private static func png(_ bytes: [UInt8]) -> ImageSize? {
        guard bytes.count >= 24, bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return nil }
        return ImageSize(
            width: bigEndian(bytes[16..<20]),
            height: bigEndian(bytes[20..<24])
        )
    }

    /// RFC 9649: a lossy, a lossless or an extended picture.
    private static func webP(_ bytes: [UInt8]) -> ImageSize? {
        guard bytes.count >= 30, bytes.starts(with: Array("RIFF".utf8)),
            bytes[8..<12].elementsEqual("WEBP".utf8)
        else { return nil }
        switch String(decoding: bytes[12..<16], as: UTF8.self) {
        case "VP8 ":
            return ImageSize(
                width: littleEndian(bytes[26..<28]) & 0x3FFF,
                height: littleEndian(bytes[28..<30]) & 0x3FFF
            )
        case "VP8L":
            let bits = littleEndian(bytes[21..<25])
            return ImageSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1)
        case "VP8X":
            return ImageSize(
                width: littleEndian(bytes[24..<27]) + 1,
                height: littleEndian(bytes[27..<30]) + 1
            )
        default: return nil
        }
    }

    /// ITU T.81, section B.2.2: the frame header, found by walking the segments before it.
    private static func jpeg(_ bytes: [UInt8]) -> ImageSize? {
        guard bytes.starts(with: [0xFF, 0xD8]) else { return nil }
        var offset = 2
        while offset + 9 <= bytes.count, bytes[offset] == 0xFF {
            let marker = bytes[offset + 1]
            let isFrame = (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
            if isFrame {
                return ImageSize(
                    width: bigEndian(bytes[(offset + 7)..<(offset + 9)]),
                    height: bigEndian(bytes[(offset + 5)..<(offset + 7)])
                )
            }
            offset += 2 + max(2, bigEndian(bytes[(offset + 2)..<(offset + 4)]))
        }
        return nil
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
