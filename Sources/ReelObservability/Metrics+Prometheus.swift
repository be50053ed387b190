internal import ReelRuntime

extension Metrics {
    /// The media type of `prometheusText`.
    package static let prometheusMediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// Every metric in Prometheus' text format 0.0.4, families by name and cells by label values.
    package func prometheusText() -> String {
        let families = registry.withLock { $0.families }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(name) \(family.kind.name)\n"
            for (labels, cell) in family.cells.sorted(by: { precedes($0.labels, $1.labels) }) {
                text += "\(name)\(rendered(labels)) \(cell.value)\n"
            }
            for (labels, cell) in family.histograms.sorted(by: { precedes($0.labels, $1.labels) }) {
                text += rendered(name, labels, cell)
            }
        }
        return text
    }
}

/// A histogram's buckets, each with everything below its bound, then its sum and its count.
private func rendered(
    _ name: String,
    _ labels: [(String, String)],
    _ cell: HistogramCell
) -> String {
    let (counts, sum) = cell.snapshot
    var text = ""
    var cumulative: Int64 = 0
    for (bound, count) in zip(cell.bounds + [.infinity], counts) {
        cumulative += count
        text += "\(name)_bucket\(rendered(labels + [("le", number(bound))])) \(cumulative)\n"
    }
    text += "\(name)_sum\(rendered(labels)) \(number(sum))\n"
    text += "\(name)_count\(rendered(labels)) \(cumulative)\n"
    return text
}

private func rendered(_ labels: [(String, String)]) -> String {
    guard !labels.isEmpty else { return "" }
    let pairs = labels.map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }
    return "{" + pairs.joined(separator: ",") + "}"
}

/// A number as Prometheus reads it: `+Inf` and `-Inf`, and no `.0` behind a whole one.
private func number(_ value: Double) -> String {
    if value == .infinity { return "+Inf" }
    if value == -.infinity { return "-Inf" }
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Text with line feeds and backslashes escaped, and in a label's value also quotes.
private func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": escaped += "\\\\"
        case "\n": escaped += "\\n"
        case "\"" where quotes: escaped += "\\\""
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}

private func precedes(_ left: [(String, String)], _ right: [(String, String)]) -> Bool {
    left.lexicographicallyPrecedes(right, by: <)
}
