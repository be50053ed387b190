/// How much a line of the log matters.
package enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    /// For whoever works on Reelhook.
    case debug
    /// For the operator: one line for each change of state.
    case info
    /// Something was refused, retried or given up, and the service goes on.
    case warning
    /// The service cannot do what it promised until somebody acts.
    case error

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The name in the configuration and in the log: `debug`, `info`, `warning`, `error`.
    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}
