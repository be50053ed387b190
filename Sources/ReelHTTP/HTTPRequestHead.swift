/// A request's head while it is being read.
struct HTTPRequestHead: Sendable {
    var method = HTTPMethod.get
    var target = HTTPTarget.asterisk
    var version = HTTPRequest.Version.http11
    /// The target as it was sent in absolute form.
    var targetURL: HTTPURL?
    var entries: [HTTPFields.Entry] = []
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

    /// Whether another request may follow (RFC 9112, section 9.3).
    var keepAlive: Bool {
        switch version {
        case .http11: !asksToClose
        case .http10: asksToKeepAlive && !asksToClose
        }
    }
}
