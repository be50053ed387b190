/// Deadlines with what they are for, the earliest first: a binary heap whose entries can be moved
/// and taken out.
struct TimerHeap<Element> {
    /// Names an entry until it is taken or removed; then the name may be given again.
    struct Handle: Hashable {
        fileprivate let slot: Int
    }

    private struct Entry {
        var deadline: Deadline
        let element: Element
        let slot: Int
    }

    private var entries: [Entry] = []
    /// Where the entry of each handle is.
    private var places: [Int] = []
    private var freeSlots: [Int] = []

    var count: Int { entries.count }
    var earliest: Deadline? { entries.first?.deadline }

    @discardableResult
    mutating func insert(_ deadline: Deadline, _ element: Element) -> Handle {
        let place = entries.count
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            places[slot] = place
        } else {
            slot = places.count
            places.append(place)
        }
        entries.append(Entry(deadline: deadline, element: element, slot: slot))
        rise(from: place)
        return Handle(slot: slot)
    }

    /// Gives an entry another deadline.
    mutating func move(_ handle: Handle, to deadline: Deadline) {
        let place = places[handle.slot]
        entries[place].deadline = deadline
        rise(from: place)
        sink(from: places[handle.slot])
    }

    mutating func remove(_ handle: Handle) {
        _ = take(at: places[handle.slot])
    }

    /// Takes the earliest element out if its deadline is not after a moment.
    mutating func takeDue(_ moment: Deadline) -> Element? {
        guard let first = entries.first, first.deadline <= moment else { return nil }
        return take(at: 0)
    }

    private mutating func take(at place: Int) -> Element {
        exchange(place, entries.count - 1)
        let taken = entries.removeLast()
        freeSlots.append(taken.slot)
        if place < entries.count {
            let moved = entries[place].slot
            rise(from: place)
            sink(from: places[moved])
        }
        return taken.element
    }

    private mutating func rise(from place: Int) {
        var child = place
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].deadline < entries[parent].deadline else { break }
            exchange(child, parent)
            child = parent
        }
    }

    private mutating func sink(from place: Int) {
        var parent = place
        while true {
            let left = 2 * parent + 1
            guard left < entries.count else { break }
            let right = left + 1
            let isRightLess =
                right < entries.count && entries[right].deadline < entries[left].deadline
            let child = isRightLess ? right : left
            guard entries[child].deadline < entries[parent].deadline else { break }
            exchange(child, parent)
            parent = child
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        guard one != other else { return }
        entries.swapAt(one, other)
        places[entries[one].slot] = one
        places[entries[other].slot] = other
    }
}
