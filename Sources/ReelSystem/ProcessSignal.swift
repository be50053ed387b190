internal import Glibc

/// A signal that an operator or a supervisor sends to the service.
package enum ProcessSignal: CaseIterable, Hashable, Sendable {
    case terminate
    case interrupt
    case hangup

    /// The number in signal(7).
    package var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangup: SIGHUP
        }
    }

    /// `SIGTERM`, `SIGINT` or `SIGHUP`.
    package var name: String {
        switch self {
        case .terminate: "SIGTERM"
        case .interrupt: "SIGINT"
        case .hangup: "SIGHUP"
        }
    }
}
