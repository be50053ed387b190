/// Why a delivery was refused; for the log and the metrics, never for the caller.
package enum VerificationFailure: String, Error, Hashable, Sendable, CaseIterable {
    case missingID = "missing_id"
    case missingTimestamp = "missing_timestamp"
    case missingSignature = "missing_signature"
    /// Repeated, empty, over 256 bytes, or with a full stop or bytes that are not visible ASCII.
    case malformedID = "malformed_id"
    /// Repeated, or not the digits of whole seconds since the epoch.
    case malformedTimestamp = "malformed_timestamp"
    /// Repeated, or without a `v1` entry of 32 bytes in canonical base64.
    case malformedSignature = "malformed_signature"
    case tooOld = "too_old"
    case tooNew = "too_new"
    case noMatch = "no_match"
    /// The body is not the one that was signed is `noMatch`; this one is a body whose coding the
    /// receiver does not undo.
    case encodedBody = "encoded_body"
}
