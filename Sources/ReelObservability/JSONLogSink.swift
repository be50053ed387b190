internal import ReelRuntime

/// Writes each record as one JSON object on one line: `time`, `level`, `component`, `message`,
/// then the fields in their order.
package struct JSONLogSink: LogSink {
    private let output: @Sendable ([UInt8]) -> Void

    /// Takes what writes a line; it is called from any thread and must return soon.
    package init(writingTo output: @escaping @Sendable ([UInt8]) -> Void) {
        self.output = output
    }

    package func write(_ record: LogRecord) {
        output(Self.line(record))
    }

    private static let reserved: Set<String> = ["time", "level", "component", "message"]

    static func line(_ record: LogRecord) -> [UInt8] {
        var text = LogText()
        text.append("{\"time\":\"")
        text.append(plain: record.moment.description)
        text.append("\",\"level\":\"")
        text.append(plain: record.level.name)
        text.append("\",\"component\":")
        text.append(json: record.component)
        text.append(",\"message\":")
        text.append(json: record.message)
        for (key, value) in record.distinctFields {
            text.append(",")
            // The four keys are stable: a field that has the name of one must not hide it.
            text.append(json: reserved.contains(key) ? "fields." + key : key)
            text.append(":")
            append(value, to: &text)
        }
        text.append("}\n")
        return text.bytes
    }

    private static func append(_ value: LogValue, to text: inout LogText) {
        switch value {
        case .string(let string): text.append(json: string)
        case .integer(let integer): text.append(plain: String(integer))
        // JSON has no number for what is not finite (RFC 8259, section 6).
        case .double(let double): text.append(plain: double.isFinite ? "\(double)" : "null")
        case .bool(let bool): text.append(plain: bool ? "true" : "false")
        }
    }
}
