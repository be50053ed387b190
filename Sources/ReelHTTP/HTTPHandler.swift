/// What answers requests, as a function from request to response.
///
/// It is called on the connection's event loop and must not block it; the peer's address comes
/// with the request.
package typealias HTTPHandler = @Sendable (HTTPRequest, HTTPPeer) async -> HTTPResponse
