/// The rule that a refused request broke; the raw value is its name in logs and metrics.
///
/// Unless another document is named, sections are of RFC 9112. Where the RFC leaves a choice, the
/// request that two implementations could read in two ways is refused.
package enum HTTPRule: String, Error, Sendable, Hashable, CaseIterable {
    // The connection and its lines.

    /// The first byte is that of a TLS handshake: a client that took the port for HTTPS.
    case tlsHandshake = "tls_handshake"
    /// `PRI * HTTP/2.0` (RFC 9113, section 3.4).
    case http2Preface = "http2_preface"
    /// A CR that no LF follows (section 2.2).
    case bareCR = "bare_cr"
    /// An LF that no CR precedes; section 2.2 allows to take it as a line end, and to refuse it.
    case bareLF = "bare_lf"
    /// Another control byte than the tab in a line (RFC 9110, section 5.5).
    case controlByte = "control_byte"
    /// More than the one empty line that may stand before a request (section 2.2).
    case emptyLines = "empty_lines"

    // The request line.

    /// Not two single spaces between three parts (section 3).
    case malformedRequestLine = "malformed_request_line"
    /// Not a token (RFC 9110, section 9.1).
    case invalidMethod = "invalid_method"
    /// Longer than any method there is (section 3).
    case methodTooLong = "method_too_long"
    /// Tunnels are not served (RFC 9110, section 9.3.6).
    case connectMethod = "connect_method"
    /// Not a form of section 3.2, or with bytes that RFC 3986 does not allow.
    case invalidTarget = "invalid_target"
    case targetTooLong = "target_too_long"
    /// A line without a version, as before HTTP/1.0.
    case http09 = "http_0_9"
    /// Not `HTTP/`, a digit, a dot and a digit (section 2.3).
    case malformedVersion = "malformed_version"
    /// Another major version than 1 (RFC 9110, section 2.5).
    case unsupportedVersion = "unsupported_version"

    // The header fields.

    /// A line that begins with white space: the field before it goes on, or the first field is
    /// hidden (sections 2.2 and 5.2).
    case foldedLine = "folded_line"
    case missingColon = "missing_colon"
    case emptyFieldName = "empty_field_name"
    /// Not a token (RFC 9110, section 5.1).
    case invalidFieldName = "invalid_field_name"
    /// White space between a field's name and its colon (section 5.1).
    case spaceBeforeColon = "space_before_colon"
    case fieldSectionTooLarge = "field_section_too_large"
    case tooManyFields = "too_many_fields"
    case missingHost = "missing_host"
    case duplicateHost = "duplicate_host"
    /// Empty, or not a host with perhaps a port (section 3.2; RFC 9110, section 7.2).
    case invalidHost = "invalid_host"
    /// `Host` and an absolute target differ. Section 3.2.2 lets the target win; a client that
    /// means two hosts at once is refused.
    case hostMismatch = "host_mismatch"
    /// Something else than `100-continue` is expected (RFC 9110, section 10.1.1).
    case unknownExpectation = "unknown_expectation"

    // The framing of the content.

    /// `Content-Length` stands twice or holds a list, be the values equal (section 6.3).
    case duplicateContentLength = "duplicate_content_length"
    /// Not 1 to 19 digits, or beyond 2^63 - 1 (RFC 9110, section 8.6).
    case invalidContentLength = "invalid_content_length"
    /// `Content-Length` and `Transfer-Encoding` together (section 6.1).
    case lengthAndTransferEncoding = "length_and_transfer_encoding"
    case duplicateTransferEncoding = "duplicate_transfer_encoding"
    /// Not exactly `chunked` (section 6.3).
    case invalidTransferEncoding = "invalid_transfer_encoding"
    /// A registered coding before `chunked` that is not undone here (section 6.1).
    case unsupportedTransferCoding = "unsupported_transfer_coding"
    case transferEncodingOnHTTP10 = "transfer_encoding_on_http_1_0"
    /// A framing field's name with an underscore for its hyphen, which gateways take for it.
    case framingLookalike = "framing_lookalike"
    case bodyTooLarge = "body_too_large"
    /// A `Content-Encoding` other than one `identity` (RFC 9110, sections 8.4 and 15.5.16): a
    /// signature does not say which bytes it is of, and what unpacks has no known size.
    case contentEncoding = "content_encoding"
    /// Not 1 to 16 hexadecimal digits, or beyond 2^63 - 1 (section 7.1).
    case invalidChunkSize = "invalid_chunk_size"
    /// Not by the grammar of section 7.1.1.
    case invalidChunkExtension = "invalid_chunk_extension"
    case chunkLineTooLong = "chunk_line_too_long"
    case chunkExtensionsTooLarge = "chunk_extensions_too_large"
    /// A chunk's data is not followed by a line end (section 7.1).
    case chunkWithoutEnd = "chunk_without_end"
    case trailerTooLarge = "trailer_too_large"
    /// A field in the trailer that belongs before the content (RFC 9110, section 6.5.1).
    case forbiddenTrailer = "forbidden_trailer"

    /// The status to refuse with; the connection is closed after it, always.
    package var status: HTTPStatus {
        switch self {
        case .bodyTooLarge: .contentTooLarge
        case .targetTooLong: .uriTooLong
        case .fieldSectionTooLarge, .tooManyFields, .trailerTooLarge: .requestHeaderFieldsTooLarge
        case .unknownExpectation: .expectationFailed
        case .methodTooLong, .connectMethod, .unsupportedTransferCoding: .notImplemented
        case .contentEncoding: .unsupportedMediaType
        case .unsupportedVersion, .http2Preface: .httpVersionNotSupported
        case .tlsHandshake, .bareCR, .bareLF, .controlByte, .emptyLines, .malformedRequestLine,
            .invalidMethod, .invalidTarget, .http09, .malformedVersion, .foldedLine, .missingColon,
            .emptyFieldName, .invalidFieldName, .spaceBeforeColon, .missingHost, .duplicateHost,
            .invalidHost, .hostMismatch, .duplicateContentLength, .invalidContentLength,
            .lengthAndTransferEncoding, .duplicateTransferEncoding, .invalidTransferEncoding,
            .transferEncodingOnHTTP10, .framingLookalike, .invalidChunkSize,
            .invalidChunkExtension, .chunkLineTooLong, .chunkExtensionsTooLarge,
            .chunkWithoutEnd, .forbiddenTrailer:
            .badRequest
        }
    }
}
