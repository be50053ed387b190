/// Deadlines with what they are for, the earliest first: a binary heap.
struct TimerHeap<Element> {
    private var entries: [(deadline: Deadline, element: Element)] = []

    var count: Int { entries.count }
    var earliest: Deadline? { entries.first?.deadline }

    mutating func insert(_ deadline: Deadline, _ element: Element) {
        entries.append((deadline, element))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].deadline < entries[parent].deadline else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest element out if its deadline is not after a moment.
    mutating func takeDue(_ moment: Deadline) -> Element? {
        guard let first = entries.first, first.deadline <= moment else { return nil }
        let last = entries.removeLast()
        guard !entries.isEmpty else { return first.element }
        entries[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < entries.count else { break }
            let right = left + 1
            let isRightLess =
                right < entries.count && entries[right].deadline < entries[left].deadline
            let child = isRightLess ? right : left
            guard entries[child].deadline < entries[parent].deadline else { break }
            entries.swapAt(child, parent)
            parent = child
        }
        return first.element
    }
}
