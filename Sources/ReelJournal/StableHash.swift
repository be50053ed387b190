/// Hashes that are the same in every process and version, since they are written to disk.
///
/// They find and name things and prove nothing: whoever looks a key up by its hash compares the
/// whole key after.
package enum StableHash {
    /// The 128-bit FNV-1a hash of the parts, each followed by a byte that UTF-8 does not have.
    package static func wide(_ parts: String...) -> UInt128 {
        var hash = basis
        for part in parts { add(part, to: &hash) }
        return hash
    }

    /// The two halves of the wide hash, folded: a key for an integer index.
    package static func narrow(_ parts: String...) -> Int64 {
        var hash = basis
        for part in parts { add(part, to: &hash) }
        return Int64(truncatingIfNeeded: hash ^ (hash >> 64))
    }

    // The parameters of draft-eastlake-fnv, section 5.
    private static let basis: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    private static let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b

    private static func add(_ part: String, to hash: inout UInt128) {
        for byte in part.utf8 { hash = (hash ^ UInt128(byte)) &* prime }
        hash = (hash ^ 0xFF) &* prime
    }
}
