/// How a record becomes one line, the line feed at its end included.
package enum LogFormat: Hashable, Sendable {
    /// One JSON object.
    case json
    /// For people; with ANSI colours when they were asked for.
    case text(isColoured: Bool)

    /// The line of a record: one, whatever the record holds.
    package func line(_ record: LogRecord) -> [UInt8] {
        switch self {
        case .json: JSONLogSink.line(record)
        case .text(let isColoured): TextLogSink.line(record, isColoured: isColoured)
        }
    }
}

extension LogRecord {
    /// The fields with each key once: where a key repeats, the last value stands in the first
    /// one's place.
    var distinctFields: [(key: String, value: LogValue)] {
        var distinct: [(key: String, value: LogValue)] = []
        for field in fields {
            if let index = distinct.firstIndex(where: { $0.key == field.key }) {
                distinct[index].value = field.value
            } else {
                distinct.append(field)
            }
        }
        return distinct
    }
}
