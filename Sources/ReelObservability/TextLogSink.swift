internal import ReelRuntime

/// Writes each record as one line for people: time, level, component, message, `key=value`.
package struct TextLogSink: LogSink {
    private let isColoured: Bool
    private let output: @Sendable ([UInt8]) -> Void

    /// Takes what writes a line; it is called from any thread and must return soon.
    ///
    /// Colours are for a terminal alone, which the caller knows.
    package init(isColoured: Bool, writingTo output: @escaping @Sendable ([UInt8]) -> Void) {
        self.isColoured = isColoured
        self.output = output
    }

    package func write(_ record: LogRecord) {
        output(Self.line(record, isColoured: isColoured))
    }

    static func line(_ record: LogRecord, isColoured: Bool) -> [UInt8] {
        var text = LogText()
        text.append(plain: record.moment.description)
        text.append(plain: isColoured ? " " + colour(record.level) : " ")
        text.append(plain: label(record.level))
        text.append(plain: isColoured ? reset + " " : " ")
        text.append(prose: record.component)
        text.append(": ")
        text.append(prose: record.message)
        for (key, value) in record.distinctFields {
            text.append(plain: isColoured ? " " + dim : " ")
            text.append(word: key)
            text.append(plain: isColoured ? "=" + reset : "=")
            switch value {
            case .string(let string): text.append(word: string)
            case .integer(let integer): text.append(plain: String(integer))
            case .double(let double): text.append(plain: "\(double)")
            case .bool(let bool): text.append(plain: bool ? "true" : "false")
            }
        }
        text.append("\n")
        return text.bytes
    }

    private static let dim = "\u{1B}[2m"
    private static let reset = "\u{1B}[0m"

    private static func colour(_ level: LogLevel) -> String {
        switch level {
        case .debug: dim
        case .info: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[31m"
        }
    }

    private static func label(_ level: LogLevel) -> String {
        switch level {
        case .debug: "debug  "
        case .info: "info   "
        case .warning: "warning"
        case .error: "error  "
        }
    }
}
