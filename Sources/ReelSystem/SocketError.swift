/// Why a wait or a transfer on a socket ended without a result.
package enum SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The deadline came first.
    case timedOut
    /// The socket was cancelled from outside.
    case cancelled
    /// Nothing was there to read when reading was interrupted; the socket is as it was.
    case interrupted
    /// The peer has closed or reset the connection.
    case disconnected
    /// Another system call failed.
    case system(SystemError)

    init(_ error: SystemError) {
        switch error.name {
        case "EPIPE", "ECONNRESET", "ENOTCONN", "ETIMEDOUT", "EHOSTUNREACH": self = .disconnected
        default: self = .system(error)
        }
    }

    package var description: String {
        switch self {
        case .timedOut: "the deadline passed"
        case .cancelled: "the socket was cancelled"
        case .interrupted: "reading was interrupted"
        case .disconnected: "the peer disconnected"
        case .system(let error): error.description
        }
    }
}
