/// A file's bytes as the inspector reads them: by offset, through a window of a few KiB.
///
/// Nothing larger than the window is ever held, however large the file or the sizes that it
/// claims.
package struct MediaBytes {
    package let byteCount: Int64
    private let source: (Int64, Int) throws(AssetError) -> [UInt8]
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0
    private static let windowByteCount = 16 * 1024

    /// Takes a file of `byteCount` bytes and a function that reads from an offset.
    ///
    /// The function returns at most the count it is given, and fewer, but not none, where it likes
    /// to; none means that the file ends there.
    package init(
        byteCount: Int64,
        readAt: @escaping (Int64, Int) throws(AssetError) -> [UInt8]
    ) {
        self.byteCount = byteCount
        source = readAt
    }

    /// Bytes that are in memory already.
    package init(_ bytes: [UInt8]) {
        self.init(byteCount: Int64(bytes.count)) { offset, count throws(AssetError) in
            guard offset < bytes.count else { return [] }
            let start = Int(offset)
            return Array(bytes[start..<min(bytes.count, start + count)])
        }
    }

    /// The byte at an offset.
    ///
    /// - Throws: `.notTheMedium` with the rule given when the file has no such byte.
    mutating func byte(at offset: Int64, _ rule: String) throws(AssetError) -> UInt8 {
        if offset < windowStart || offset >= windowStart + Int64(window.count) {
            guard offset >= 0, offset < byteCount else { throw .notTheMedium(rule: rule) }
            window = try source(
                offset,
                Int(min(Int64(Self.windowByteCount), byteCount - offset))
            )
            windowStart = offset
            // Shorter than it said it was: somebody else cuts the file meanwhile.
            guard !window.isEmpty else { throw .notTheMedium(rule: rule) }
        }
        return window[Int(offset - windowStart)]
    }

    /// A number of `count` bytes, at most 8, the most significant first.
    mutating func bigEndian(
        at offset: Int64,
        count: Int,
        _ rule: String
    ) throws(AssetError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<Int64(count) {
            value = value << 8 | UInt64(try byte(at: offset + index, rule))
        }
        return value
    }

    /// A number of `count` bytes, at most 8, the least significant first.
    mutating func littleEndian(
        at offset: Int64,
        count: Int,
        _ rule: String
    ) throws(AssetError) -> UInt64 {
        var value: UInt64 = 0
        for index in (0..<Int64(count)).reversed() {
            value = value << 8 | UInt64(try byte(at: offset + index, rule))
        }
        return value
    }

    /// A four-byte type code, as a number.
    mutating func code(at offset: Int64, _ rule: String) throws(AssetError) -> FourCharacterCode {
        FourCharacterCode(rawValue: UInt32(try bigEndian(at: offset, count: 4, rule)))
    }
}
