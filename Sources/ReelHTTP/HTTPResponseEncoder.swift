/// Writes the bytes of one response: status line, fields, framing (RFC 9112, sections 4 and 6).
///
/// One encoder serves one response: `appendHead`, then the content by the framing it returns,
/// with `appendChunk` and `appendEnd` when it is chunked.
package struct HTTPResponseEncoder: Sendable {
    /// How the content is delimited.
    package enum Framing: Sendable, Hashable {
        /// No content may follow: HEAD, 1xx, 204, 304.
        case none
        /// Exactly that many bytes follow.
        case length(Int64)
        case chunked
        /// The content ends with the connection, for HTTP/1.0.
        case untilClose
    }

    /// The interim response to `Expect: 100-continue`.
    package static let continueHead = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    private let method: HTTPMethod
    private let version: HTTPRequest.Version
    private let keepAlive: Bool

    /// Prepares the response to a request that came out of the decoder with that `keepAlive`.
    package init(to request: HTTPRequest, keepAlive: Bool) {
        self.init(method: request.method, version: request.version, keepAlive: keepAlive)
    }

    package init(method: HTTPMethod, version: HTTPRequest.Version, keepAlive: Bool) {
        self.method = method
        self.version = version
        self.keepAlive = keepAlive
    }

    /// Prepares the response to what was refused, which always closes.
    package static let refusal = HTTPResponseEncoder(
        method: .get,
        version: .http11,
        keepAlive: false
    )

    /// Whether the connection stays open after this response.
    package func keepsAlive(_ response: HTTPResponse) -> Bool {
        keepAlive && !response.closesConnection && framing(of: response) != .untilClose
    }

    /// How the content of this response is delimited.
    package func framing(of response: HTTPResponse) -> Framing {
        guard method != .head, response.status.allowsContent else { return .none }
        switch response.body {
        case .empty: return .length(0)
        case .bytes(let bytes): return .length(Int64(bytes.count))
        case .stream(let byteCount?, _): return .length(byteCount)
        case .stream(nil, _): return version == .http11 ? .chunked : .untilClose
        }
    }

    /// Appends the head.
    ///
    /// The framing, `Connection` and `Date` are set here, and fields of these names in the
    /// response are passed over; only a `Content-Length` in the response to HEAD counts.
    ///
    /// - Parameters:
    ///   - response: What a handler returned.
    ///   - date: The present as an HTTP date (RFC 9110, section 6.6.1).
    ///   - output: What the head is appended to.
    /// - Returns: What is to follow.
    package func appendHead(
        of response: HTTPResponse,
        date: String,
        to output: inout [UInt8]
    ) -> Framing {
        let framing = framing(of: response)
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        output.append(contentsOf: response.status.line.utf8)
        output.append(contentsOf: "\r\nDate: ".utf8)
        output.append(contentsOf: date.utf8)
        output.append(contentsOf: "\r\n".utf8)
        response.fields.forEach { name, value in
            guard !Self.isOurs(name) else { return }
            output.append(contentsOf: name)
            output.append(contentsOf: ": ".utf8)
            output.append(contentsOf: value)
            output.append(contentsOf: "\r\n".utf8)
        }
        appendFraming(framing, of: response, to: &output)
        if !keepsAlive(response) {
            output.append(contentsOf: "Connection: close\r\n".utf8)
        } else if version == .http10 {
            output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
        }
        output.append(contentsOf: "\r\n".utf8)
        return framing
    }

    /// Appends a chunk; nothing for no bytes, since an empty chunk is the end.
    package static func appendChunk(_ bytes: [UInt8], to output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        output.append(contentsOf: String(bytes.count, radix: 16).utf8)
        output.append(contentsOf: [0x0D, 0x0A])
        output.append(contentsOf: bytes)
        output.append(contentsOf: [0x0D, 0x0A])
    }

    /// Appends the last chunk, without a trailer.
    package static func appendEnd(to output: inout [UInt8]) {
        output.append(contentsOf: "0\r\n\r\n".utf8)
    }

    private func appendFraming(
        _ framing: Framing,
        of response: HTTPResponse,
        to output: inout [UInt8]
    ) {
        switch framing {
        case .length(let count): Self.appendLength(count, to: &output)
        case .chunked: output.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
        case .untilClose: break
        case .none:
            guard response.status.allowsContent, let count = lengthForHead(response) else { return }
            Self.appendLength(count, to: &output)
        }
    }

    /// Appends the field without making a text of the number first.
    private static func appendLength(_ count: Int64, to output: inout [UInt8]) {
        output.append(contentsOf: "Content-Length: ".utf8)
        var unit: Int64 = 1
        while count / unit >= 10 { unit *= 10 }
        while unit > 0 {
            output.append(0x30 + UInt8(count / unit % 10))
            unit /= 10
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// The length that a GET would have, where it is known (RFC 9110, section 8.6).
    private func lengthForHead(_ response: HTTPResponse) -> Int64? {
        switch response.body {
        case .empty: response.fields.only("Content-Length").flatMap { Int64($0) } ?? 0
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(let byteCount, _): byteCount
        }
    }

    private static func isOurs(_ name: ArraySlice<UInt8>) -> Bool {
        let ours: String
        switch name.count {
        case 4: ours = "date"
        case 10: ours = "connection"
        case 14: ours = "content-length"
        case 17: ours = "transfer-encoding"
        default: return false
        }
        return name.elementsEqual(ours.utf8) { lowered($0) == $1 }
    }
}
