internal import ReelRuntime
internal import Synchronization

/// The families of metrics by name, each with its cells by label values.
struct MetricRegistry {
    enum Kind { case counter, gauge, histogram }

    struct Family {
        let kind: Kind
        let help: String
        var cells: [(labels: [(String, String)], cell: MetricCell)] = []
        var histograms: [(labels: [(String, String)], cell: HistogramCell)] = []
    }

    private(set) var families: [String: Family] = [:]

    mutating func cell(
        _ name: String,
        kind: Kind,
        help: String,
        labels: [(String, String)]
    ) -> MetricCell {
        var family = families[name] ?? Family(kind: kind, help: help)
        precondition(family.kind == kind, "a metric has one kind")
        if let known = family.cells.first(where: { Self.same($0.labels, labels) }) {
            return known.cell
        }
        let cell = MetricCell()
        family.cells.append((labels, cell))
        families[name] = family
        return cell
    }

    mutating func histogram(
        _ name: String,
        help: String,
        bounds: [Double],
        labels: [(String, String)]
    ) -> HistogramCell {
        var family = families[name] ?? Family(kind: .histogram, help: help)
        precondition(family.kind == .histogram, "a metric has one kind")
        if let known = family.histograms.first(where: { Self.same($0.labels, labels) }) {
            return known.cell
        }
        let cell = HistogramCell(bounds: bounds)
        family.histograms.append((labels, cell))
        families[name] = family
        return cell
    }

    private static func same(_ left: [(String, String)], _ right: [(String, String)]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0 == $1 }
    }
}

/// One number that many threads add to.
final class MetricCell: Sendable {
    private let number = Atomic<Int64>(0)

    var value: Int64 { number.load(ordering: .relaxed) }
    func add(_ amount: Int64) { number.add(amount, ordering: .relaxed) }
    func set(_ value: Int64) { number.store(value, ordering: .relaxed) }
}

/// The counts of one distribution.
final class HistogramCell: Sendable {
    struct State {
        var counts: [Int64]
        var sum = 0.0
        var total: Int64 = 0
    }

    let bounds: [Double]
    private let state: Locked<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Locked(State(counts: Array(repeating: 0, count: bounds.count)))
    }

    var count: Int64 { state.withLock { $0.total } }
    var snapshot: State { state.withLock { $0 } }

    func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 }
        state.withLock { state in
            if let index { state.counts[index] += 1 }
            state.sum += value
            state.total += 1
        }
    }
}
