/// A set of hashes that never denies one it holds, and claims one in a hundred that it does not.
///
/// A Bloom filter of blocks as large as a cache line (Putze, Sanders and Singler, 2007): ten bits
/// and a little for a key, of which seven are set, all in the one block that the hash names. The
/// blocks are in the order of the hashes, so that keys in order fill it from front to back.
struct KeyFilter {
    private static let wordsInBlock = 8
    private static let bitsInBlock = 512
    private static let bitsForKey = 10
    /// Blocks that are stored together.
    static let blocksInPage = 63

    private(set) var blockCount: Int
    private var words: [UInt64]

    /// The blocks that a number of keys want.
    static func blockCount(forKeys count: Int) -> Int {
        max(1, (count * bitsForKey + bitsInBlock - 1) / bitsInBlock)
    }

    static func byteCount(ofBlocks count: Int) -> Int { count * bitsInBlock / 8 }

    init(blockCount: Int) {
        self.blockCount = blockCount
        words = Array(repeating: 0, count: blockCount * Self.wordsInBlock)
    }

    mutating func insert(_ hash: UInt64) {
        let block = HashedKey.part(hash, of: blockCount) * Self.wordsInBlock
        var rest = Self.remixed(hash)
        for _ in 0..<7 {
            words[block + Int(rest >> 61)] |= 1 << ((rest >> 55) & 63)
            rest <<= 9
        }
    }

    func mayHold(_ hash: UInt64) -> Bool {
        let block = HashedKey.part(hash, of: blockCount) * Self.wordsInBlock
        var rest = Self.remixed(hash)
        for _ in 0..<7 {
            if words[block + Int(rest >> 61)] & 1 << ((rest >> 55) & 63) == 0 { return false }
            rest <<= 9
        }
        return true
    }

    /// The block's name is made of the hash's first bits, so the places in it are made of all.
    private static func remixed(_ hash: UInt64) -> UInt64 {
        let mixed = (hash ^ (hash >> 32)) &* 0x9E37_79B9_7F4A_7C15
        return (mixed ^ (mixed >> 29)) &* 0xBF58_476D_1CE4_E5B9
    }

    // MARK: Pages

    var pageCount: Int { (blockCount + Self.blocksInPage - 1) / Self.blocksInPage }

    /// The page that a hash's block is in.
    func page(of hash: UInt64) -> Int {
        HashedKey.part(hash, of: blockCount) / Self.blocksInPage
    }

    func bytes(ofPage page: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        let range = wordRange(ofPage: page)
        bytes.reserveCapacity(range.count * 8)
        for word in words[range] {
            for shift in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift * 8)))
            }
        }
        return bytes
    }

    /// - Throws: `misread` for another length than the page has.
    mutating func load(_ bytes: [UInt8], asPage page: Int) throws(SQLiteFault) {
        guard (0..<pageCount).contains(page) else { throw .misread }
        let range = wordRange(ofPage: page)
        guard bytes.count == range.count * 8 else { throw .misread }
        var place = 0
        for index in range {
            var word: UInt64 = 0
            for shift in 0..<8 { word |= UInt64(bytes[place + shift]) << UInt64(shift * 8) }
            words[index] = word
            place += 8
        }
    }

    private func wordRange(ofPage page: Int) -> Range<Int> {
        let first = page * Self.blocksInPage
        let end = min(first + Self.blocksInPage, blockCount)
        return (first * Self.wordsInBlock)..<(end * Self.wordsInBlock)
    }
}
