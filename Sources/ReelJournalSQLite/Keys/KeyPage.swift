/// A page of keys as it is stored: the hashes, ascending, and then for each the distance of its
/// sequence from the first of the run, all little-endian.
struct KeyPage {
    static let keyByteCount = 12
    /// How many keys a page has on average, so that hardly one outgrows a page of the database.
    static let meanKeyCount = 264

    private let bytes: [UInt8]
    private let firstSequence: Int64
    let count: Int

    /// - Throws: `misread` for a length that no page has.
    init(_ bytes: [UInt8], firstSequence: Int64) throws(SQLiteFault) {
        guard bytes.count % Self.keyByteCount == 0 else { throw .misread }
        self.bytes = bytes
        self.firstSequence = firstSequence
        count = bytes.count / Self.keyByteCount
    }

    subscript(index: Int) -> HashedKey {
        HashedKey(hash: hash(index), sequence: sequence(index))
    }

    /// The sequences of the keys with that hash.
    func sequences(of hash: UInt64) -> [Int64] {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self.hash(middle) < hash { low = middle + 1 } else { high = middle }
        }
        var found: [Int64] = []
        while low < count, self.hash(low) == hash {
            found.append(sequence(low))
            low += 1
        }
        return found
    }

    /// The bytes of a page of these keys, which are in their order.
    static func bytes(of keys: [HashedKey], firstSequence: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(keys.count * keyByteCount)
        for key in keys { append(key.hash, 8, to: &bytes) }
        for key in keys { append(UInt64(key.sequence - firstSequence), 4, to: &bytes) }
        return bytes
    }

    private func hash(_ index: Int) -> UInt64 { number(at: index * 8, 8) }

    private func sequence(_ index: Int) -> Int64 {
        firstSequence + Int64(number(at: count * 8 + index * 4, 4))
    }

    private func number(at place: Int, _ byteCount: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<byteCount { number |= UInt64(bytes[place + index]) << UInt64(index * 8) }
        return number
    }

    private static func append(_ number: UInt64, _ byteCount: Int, to bytes: inout [UInt8]) {
        for index in 0..<byteCount {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8)))
        }
    }
}
