/// What answers requests, as a function from request to response.
///
/// It is called on the connection's event loop and must not block it; the peer's address comes
/// with the request.
package typealias HTTPHandler = @Sendable (HTTPRequest, HTTPPeer) async -> HTTPResponse

/// Who sent a request.
package struct HTTPPeer: Hashable, Sendable {
    /// The address without the port, such as `127.0.0.1` or `2001:db8::1`; `unix` for a Unix
    /// socket.
    package let address: String
    package let port: UInt16

    package init(address: String, port: UInt16) {
        self.address = address
        self.port = port
    }
}
