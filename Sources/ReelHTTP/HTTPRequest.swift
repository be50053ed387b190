/// A request as the decoder hands it on: whole, within its limits, its framing beyond doubt.
package struct HTTPRequest: Sendable {
    /// The minor version of HTTP/1.
    package enum Version: Sendable {
        case http10
        case http11
    }

    package var method: HTTPMethod
    package var target: HTTPTarget
    package var version: Version
    package var fields: HTTPFields
    /// The content after the transfer coding is taken off, byte for byte.
    package var body: [UInt8]

    package init(
        method: HTTPMethod,
        target: HTTPTarget,
        version: Version = .http11,
        fields: HTTPFields = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.body = body
    }
}
