package import ReelSystem

/// Why a server could not be bound or run.
package enum HTTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Values of the configuration are out of range, each named.
    case invalidConfiguration([String])
    /// The host is neither a numeric address nor `localhost`.
    case invalidAddress(String)
    /// Something listens there already.
    case addressInUse(String)
    /// The address is none of this machine.
    case addressUnavailable(String)
    /// The user may not listen there.
    case permissionDenied(String)
    /// The descriptor that was handed over is none that listens.
    case notListening(Int32, SystemError)
    /// It was bound twice, run twice, or run before it was bound.
    case wrongOrder
    case system(SystemError)

    package var description: String {
        switch self {
        case .invalidConfiguration(let faults): faults.joined(separator: "; ")
        case .invalidAddress(let text): "\(text) is no numeric address"
        case .addressInUse(let text): "\(text) is in use by another process"
        case .addressUnavailable(let text): "\(text) is no address of this machine"
        case .permissionDenied(let text): "no permission to listen on \(text)"
        case .notListening(let number, let error):
            "descriptor \(number) is no listening socket: \(error.description)"
        case .wrongOrder: "a server is bound once and then run once"
        case .system(let error): error.description
        }
    }

    /// The failure to bind to an address, by its number.
    init(binding address: SocketAddress, _ error: SystemError) {
        switch error.name {
        case "EADDRINUSE": self = .addressInUse(address.description)
        case "EADDRNOTAVAIL": self = .addressUnavailable(address.description)
        case "EACCES", "EPERM": self = .permissionDenied(address.description)
        default: self = .system(error)
        }
    }
}
