/// Why a form cannot be read; the raw value is its name in logs and metrics.
package enum MultipartError: String, Error, Sendable, Hashable, CaseIterable {
    /// The content type is not `multipart/form-data`.
    case notMultipart = "not_multipart"
    /// No boundary of 1 to 70 of the bytes that RFC 2046, section 5.1.1, allows.
    case invalidBoundary = "invalid_boundary"
    /// The content does not begin with the boundary.
    case missingStart = "missing_start"
    /// The last boundary does not come.
    case missingEnd = "missing_end"
    /// Something else than a line end or the two last hyphens after a boundary.
    case malformedDelimiter = "malformed_delimiter"
    /// Something follows the last boundary.
    case trailingContent = "trailing_content"
    case malformedField = "malformed_field"
    /// No `Content-Disposition: form-data` with a name.
    case missingName = "missing_name"
    /// A transfer encoding, which RFC 7578, section 4.7, no longer allows.
    case unsupportedEncoding = "unsupported_encoding"
    case tooManyParts = "too_many_parts"
    case fieldsTooLarge = "fields_too_large"
}
