/// A request's head while it is being read.
///
/// The storage of the one before is used again once nobody holds it: a client that sends many
/// requests over a connection costs no allocation for each.
struct HTTPRequestHead: Sendable {
    var method = HTTPMethod.get
    var target = HTTPTarget.asterisk
    var version = HTTPRequest.Version.http11
    /// The target as it was sent in absolute form.
    var targetURL: HTTPURL?
    var fields = HTTPFields()
    var host: Range<Int>?
    var contentLength: Range<Int>?
    var transferEncoding: Range<Int>?
    var expectation: Range<Int>?
    var hasContentEncoding = false
    /// `Content-Encoding` says something else than one `identity`.
    var isEncoded = false
    var asksToClose = false
    var asksToKeepAlive = false
    var expectsContinue = false

    /// Makes ready for the next request; the target stays, since it is often the same again.
    mutating func reset() {
        (method, version, targetURL) = (.get, .http11, nil)
        fields.removeAll()
        (host, contentLength, transferEncoding, expectation) = (nil, nil, nil, nil)
        (hasContentEncoding, isEncoded, expectsContinue) = (false, false, false)
        (asksToClose, asksToKeepAlive) = (false, false)
    }

    /// Whether another request may follow (RFC 9112, section 9.3).
    var keepAlive: Bool {
        switch version {
        case .http11: !asksToClose
        case .http10: asksToKeepAlive && !asksToClose
        }
    }
}
