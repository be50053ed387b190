/// What a request decoder has to say after the bytes that it was fed.
package enum HTTPDecoderOutput: Sendable {
    /// Nothing until more bytes come.
    case needMore
    /// The client waits for `100 Continue` before it sends the content. Send it, or answer at once
    /// and close; then ask on.
    case continueExpected
    /// A whole request. Without `keepAlive` the connection is closed after the response and
    /// nothing that follows is decoded.
    case request(HTTPRequest, keepAlive: Bool)
    /// Answer with the status and close (`Connection: close`, half-close, drain for a moment);
    /// nothing that follows is decoded.
    case refused(HTTPStatus, HTTPRule)
}
