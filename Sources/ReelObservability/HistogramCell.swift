internal import Synchronization

/// The counts of one distribution, added to by many threads without a lock.
final class HistogramCell: Sendable {
    /// Upper bounds, ascending.
    let bounds: [Double]
    /// One count for each bound, and one for what is above them all.
    private let counts: [MetricCell]
    /// The sum's bit pattern: the atomics have no floating-point type.
    private let sumBits = Atomic<UInt64>(0)

    init(bounds: [Double]) {
        precondition(
            zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
            "a histogram's bounds ascend"
        )
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in MetricCell() }
    }

    var count: Int64 { counts.reduce(0) { $0 + $1.value } }

    /// The counts by bound, the last being for what is above them all, and the sum.
    ///
    /// They are read one after the other while others add, so the sum may be some observations
    /// ahead of or behind the counts.
    var snapshot: (counts: [Int64], sum: Double) {
        (counts.map(\.value), Double(bitPattern: sumBits.load(ordering: .relaxed)))
    }

    /// Adds a value; one that is no number is left out, since it would spoil the sum for good.
    func observe(_ value: Double) {
        guard !value.isNaN else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].add(1)
        var bits = sumBits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: bits) + value).bitPattern
            let (isExchanged, found) = sumBits.weakCompareExchange(
                expected: bits,
                desired: sum,
                ordering: .relaxed
            )
            guard !isExchanged else { return }
            bits = found
        }
    }
}
