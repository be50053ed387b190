internal import Synchronization

/// The families of metrics by name, each with its cells by label values.
struct MetricRegistry {
    enum Kind {
        case counter
        case gauge
        case histogram

        /// The name in Prometheus' text format.
        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

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
        check(name, labels)
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
        check(name, labels)
        if let known = family.histograms.first(where: { Self.same($0.labels, labels) }) {
            return known.cell
        }
        let cell = HistogramCell(bounds: bounds)
        family.histograms.append((labels, cell))
        families[name] = family
        return cell
    }

    /// Names are ours to choose, so one that Prometheus would not read is a mistake in the program.
    private func check(_ name: String, _ labels: [(String, String)]) {
        precondition(Self.isName(name), "a metric's name is letters, digits and underscores")
        for (label, _) in labels {
            precondition(Self.isName(label) && label != "le", "a label's name is one of ours")
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
            default: false
            }
        }
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
