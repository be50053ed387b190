/// What answers requests, as a function from request to response.
///
/// It is called on the connection's event loop and must not block it; the peer's address comes
/// with the request.
package typealias HTTPHandler = @Sendable (HTTPRequest, HTTPPeer) async -> HTTPResponse

/// What refuses a request by its head alone, before its content is asked for; nil for one that is
/// to be handled.
///
/// It is asked only where a client waits to be told (RFC 9110, section 10.1.1), so the handler must
/// come to the same answer by itself.
package typealias HTTPRefusal = @Sendable (HTTPRequest, HTTPPeer) -> HTTPResponse?
