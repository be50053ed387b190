package import ReelRuntime

/// A value in a line of the log.
///
/// There is no case for bytes, requests or secrets on purpose: what cannot be written cannot leak.
package enum LogValue: Hashable, Sendable, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A whole number of any type, held within `Int64`.
    package static func integer(_ value: some FixedWidthInteger) -> LogValue {
        .integer(Int64(clamping: value))
    }

    /// A span in seconds.
    package static func seconds(_ span: Duration) -> LogValue { .double(span.inSeconds) }
}

/// One line of the log before it is written.
package struct LogRecord: Sendable {
    package let moment: Timestamp
    package let level: LogLevel
    /// Which room speaks, such as `receiver` or `dispatcher`.
    package let component: String
    /// A fixed text; whatever varies is in `fields`.
    package let message: String
    /// Dotted keys such as `webhook.id`, in the order given.
    package let fields: [(key: String, value: LogValue)]

    package init(
        moment: Timestamp,
        level: LogLevel,
        component: String,
        message: String,
        fields: [(key: String, value: LogValue)]
    ) {
        self.moment = moment
        self.level = level
        self.component = component
        self.message = message
        self.fields = fields
    }
}

/// Where lines of the log go.
///
/// `write` is called from any thread and returns soon; it may drop a line rather than block, and
/// then counts it.
package protocol LogSink: Sendable {
    func write(_ record: LogRecord)
}

/// Writes structured lines: a fixed message and dotted keys.
///
/// Passed in, never global. Values of the fields must be safe to show to an operator; a key, a
/// secret, a signature or a body never is.
package struct Logger: Sendable {
    private let sink: any LogSink
    private let time: any TimeSource
    private let component: String
    private let context: [(key: String, value: LogValue)]
    package let level: LogLevel

    package init(sink: any LogSink, level: LogLevel, time: any TimeSource, component: String) {
        self.init(sink: sink, level: level, time: time, component: component, context: [])
    }

    private init(
        sink: any LogSink,
        level: LogLevel,
        time: any TimeSource,
        component: String,
        context: [(key: String, value: LogValue)]
    ) {
        self.sink = sink
        self.level = level
        self.time = time
        self.component = component
        self.context = context
    }

    /// The same log for another room.
    package func named(_ component: String) -> Logger {
        Logger(sink: sink, level: level, time: time, component: component, context: context)
    }

    /// The same log with fields on every line.
    package func with(_ fields: KeyValuePairs<String, LogValue>) -> Logger {
        Logger(
            sink: sink,
            level: level,
            time: time,
            component: component,
            context: context + fields.map { ($0.key, $0.value) }
        )
    }

    /// Writes a line for whoever works on Reelhook.
    package func debug(
        _ message: StaticString,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.debug, message, fields())
    }

    /// Writes a line for the operator: a change of state.
    package func info(
        _ message: StaticString,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.info, message, fields())
    }

    /// Writes a line about what was refused, retried or given up.
    package func warning(
        _ message: StaticString,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.warning, message, fields())
    }

    /// Writes a line about what somebody has to act on.
    package func error(
        _ message: StaticString,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.error, message, fields())
    }

    /// Writes a line unless its level is below the log's; its fields are made only then.
    package func log(
        _ level: LogLevel,
        _ message: StaticString,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue>
    ) {
        guard level >= self.level else { return }
        sink.write(
            LogRecord(
                moment: time.now(),
                level: level,
                component: component,
                message: "\(message)",
                fields: context + fields().map { ($0.key, $0.value) }
            )
        )
    }
}
