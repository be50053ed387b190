/// Who sent a request.
package enum HTTPPeer: Hashable, Sendable {
    /// A client by its address; the port is 0 where a proxy does not tell it.
    case network(IPAddress, port: UInt16)
    /// Somebody on this machine, by the way they came: `unix` for a Unix socket.
    case local(String)

    /// The address without the port, such as `127.0.0.1` or `2001:db8::1`, or the way.
    package var address: String {
        switch self {
        case .network(let address, _): address.description
        case .local(let name): name
        }
    }

    package var port: UInt16 {
        switch self {
        case .network(_, let port): port
        case .local: 0
        }
    }

    package var ipAddress: IPAddress? {
        switch self {
        case .network(let address, _): address
        case .local: nil
        }
    }
}
