/// The keys of the entries that no run holds yet, in the order of their sequences.
///
/// `webhook-id`s are looked up with every append, so they have a table beside them: open addressing
/// with linear probing, at most half full. Taking back the newest key leaves the table as if it had
/// never been there, which is what a rollback does.
struct RecentKeys {
    private(set) var webhookKeys: [HashedKey] = []
    private(set) var eventKeys: [HashedKey] = []
    /// Places in `webhookKeys`, counted from 1; 0 where nothing is.
    private var slots: [Int32] = Array(repeating: 0, count: 1 << 15)

    mutating func addWebhookKey(_ key: HashedKey) {
        if webhookKeys.count * 2 >= slots.count { build(slotCount: slots.count * 2) }
        webhookKeys.append(key)
        let slot = firstFreeSlot(for: key.hash)
        slots[slot] = Int32(webhookKeys.count)
    }

    mutating func addEventKey(_ key: HashedKey) { eventKeys.append(key) }

    /// The entries whose `webhook-id` has that hash.
    func sequences(ofWebhook hash: UInt64) -> [Int64] {
        var found: [Int64] = []
        var slot = home(of: hash)
        while slots[slot] != 0 {
            let key = webhookKeys[Int(slots[slot]) - 1]
            if key.hash == hash { found.append(key.sequence) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return found
    }

    /// Takes back the keys of the entries after one.
    mutating func removeAll(after sequence: Int64) {
        while let key = webhookKeys.last, key.sequence > sequence {
            var slot = home(of: key.hash)
            while Int(slots[slot]) != webhookKeys.count { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = 0
            webhookKeys.removeLast()
        }
        while let key = eventKeys.last, key.sequence > sequence { eventKeys.removeLast() }
    }

    /// Lets go of the keys of the entries up to one, which a run holds from now on.
    mutating func removeAll(through sequence: Int64) {
        webhookKeys.removeSubrange(..<Self.end(of: sequence, in: webhookKeys))
        eventKeys.removeSubrange(..<Self.end(of: sequence, in: eventKeys))
        build(slotCount: 1 << 15)
    }

    /// The keys of the entries up to one.
    func keys(
        through sequence: Int64
    ) -> (webhook: ArraySlice<HashedKey>, event: ArraySlice<HashedKey>) {
        (
            webhookKeys[..<Self.end(of: sequence, in: webhookKeys)],
            eventKeys[..<Self.end(of: sequence, in: eventKeys)]
        )
    }

    private static func end(of sequence: Int64, in keys: [HashedKey]) -> Int {
        keys.firstIndex { $0.sequence > sequence } ?? keys.endIndex
    }

    private mutating func build(slotCount: Int) {
        var count = slotCount
        while count < webhookKeys.count * 2 + 2 { count *= 2 }
        slots = Array(repeating: 0, count: count)
        for index in webhookKeys.indices {
            let slot = firstFreeSlot(for: webhookKeys[index].hash)
            slots[slot] = Int32(index + 1)
        }
    }

    private func home(of hash: UInt64) -> Int { Int(hash & UInt64(slots.count - 1)) }

    private func firstFreeSlot(for hash: UInt64) -> Int {
        var slot = home(of: hash)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }
}
