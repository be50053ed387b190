internal import ReelJournal

/// The number by which an id is found in an index; part of the schema, so it never changes.
///
/// Ids that begin with the time as eight hexadecimal digits, after a prefix such as `wh_`, keep
/// their order: those of OpenAI do, and so do version 7 UUIDs (RFC 9562, section 5.7). What is
/// appended then lies together in the index, and a commit writes one page where a hash alone would
/// write as many as it has ids. Other ids are known by 64 bits of a hash. Whoever looks up compares
/// the whole id after.
enum LookupKey {
    static func of(_ id: String) -> Int64 {
        let hash = StableHash.narrow(id)
        let digits = id.utf8.suffix(after: UInt8(ascii: "_")).prefix(8)
        guard digits.count == 8 else { return hash }
        var moment: UInt64 = 0
        for digit in digits {
            guard let value = hexadecimalValue(digit) else { return hash }
            moment = moment << 4 | value
        }
        let low = UInt64(truncatingIfNeeded: hash) & 0xFFFF_FFFF
        return Int64(bitPattern: moment << 32 | low)
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }
}

extension String.UTF8View {
    /// What follows the last byte of that value; all of it where there is none.
    fileprivate func suffix(after byte: UInt8) -> Substring.UTF8View {
        guard let place = lastIndex(of: byte) else { return self[...] }
        return self[index(after: place)...]
    }
}
