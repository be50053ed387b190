/// An id as the key runs know it: its hash, and the entry that has it.
struct HashedKey: Hashable, Comparable {
    let hash: UInt64
    let sequence: Int64

    static func < (left: HashedKey, right: HashedKey) -> Bool {
        left.hash == right.hash ? left.sequence < right.sequence : left.hash < right.hash
    }

    /// In which of `count` equal parts of all hashes a hash lies: the parts are in their order.
    static func part(_ hash: UInt64, of count: Int) -> Int {
        Int(hash.multipliedFullWidth(by: UInt64(count)).high)
    }
}
