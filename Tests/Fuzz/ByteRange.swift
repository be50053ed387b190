/// Some of a file's bytes, for readers that give up where there are too few.
struct ByteRange {
    let file: [UInt8]
    let range: Range<Int>

    init(_ file: [UInt8]) { self.init(file, file.indices) }

    init(_ file: [UInt8], _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    var count: Int { range.count }
    var bytes: ArraySlice<UInt8> { file[range] }
    var endsWithFile: Bool { range.upperBound == file.count }

    /// What is left after some bytes; nil when there are fewer.
    func dropping(_ count: Int) -> ByteRange? {
        count <= range.count
            ? ByteRange(file, range.lowerBound + count..<range.upperBound) : nil
    }

    /// The first bytes; nil when there are fewer.
    func first(_ count: Int) -> ByteRange? {
        count <= range.count ? ByteRange(file, range.lowerBound..<range.lowerBound + count) : nil
    }

    /// A number of 1 to 8 bytes, the most significant first.
    func number(at offset: Int, _ count: Int) -> UInt64? {
        guard let bytes = dropping(offset)?.first(count)?.bytes else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A number of 1 to 8 bytes, the least significant first.
    func littleNumber(at offset: Int, _ count: Int) -> UInt64? {
        guard let bytes = dropping(offset)?.first(count)?.bytes else { return nil }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func text(at offset: Int, _ count: Int) -> String? {
        // One character for each byte, so that different bytes are different texts.
        dropping(offset)?.first(count).map { range in
            String(String.UnicodeScalarView(range.bytes.map { Unicode.Scalar($0) }))
        }
    }
}
