internal import ReelRuntime

/// The service's counters, gauges and histograms, made once by name and read as Prometheus text.
///
/// A metric and its label values are fixed sets: label values come from enums, never from data
/// that a stranger can choose. Asking for the same name and labels again returns the same metric.
package final class Metrics: Sendable {
    let registry = Locked(MetricRegistry())

    package init() {}

    /// A number that only grows; by convention its name ends in `_total`.
    package func counter(
        _ name: String,
        help: String,
        labels: KeyValuePairs<String, String> = [:]
    ) -> Counter {
        let cell = registry.withLock {
            $0.cell(name, kind: .counter, help: help, labels: labels.map { ($0.key, $0.value) })
        }
        return Counter(cell: cell)
    }

    /// A number that goes up and down.
    package func gauge(
        _ name: String,
        help: String,
        labels: KeyValuePairs<String, String> = [:]
    ) -> Gauge {
        let cell = registry.withLock {
            $0.cell(name, kind: .gauge, help: help, labels: labels.map { ($0.key, $0.value) })
        }
        return Gauge(cell: cell)
    }

    /// A distribution over fixed upper bounds, in the unit that the name ends in (`_seconds`,
    /// `_bytes`).
    package func histogram(
        _ name: String,
        help: String,
        bounds: [Double] = Histogram.latencyBounds,
        labels: KeyValuePairs<String, String> = [:]
    ) -> Histogram {
        let cell = registry.withLock {
            $0.histogram(
                name,
                help: help,
                bounds: bounds,
                labels: labels.map { ($0.key, $0.value) }
            )
        }
        return Histogram(cell: cell)
    }
}

/// A number that only grows.
package struct Counter: Sendable {
    let cell: MetricCell

    /// Adds an amount, which is not below 0.
    package func increment(by amount: Int = 1) { cell.add(Int64(amount)) }
    package var value: Int64 { cell.value }
}

/// A number that goes up and down.
package struct Gauge: Sendable {
    let cell: MetricCell

    /// Replaces the number.
    package func set(_ value: Int64) { cell.set(value) }
    /// Adds an amount, which may be below 0.
    package func add(_ amount: Int64) { cell.add(amount) }
    package var value: Int64 { cell.value }
}

/// A distribution over fixed upper bounds.
package struct Histogram: Sendable {
    /// Upper bounds in seconds for what takes from a tenth of a millisecond to ten seconds.
    package static let latencyBounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
        5, 10,
    ]

    let cell: HistogramCell

    /// Adds a value in the unit that the name ends in.
    package func observe(_ value: Double) { cell.observe(value) }
    /// Adds a span in seconds.
    package func observe(_ span: Duration) { cell.observe(span.inSeconds) }
    package var count: Int64 { cell.count }
}
