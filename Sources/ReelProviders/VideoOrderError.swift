package import ReelHTTP
package import ReelJSON

/// Why a request body is no order that can be read.
package enum VideoOrderError: Error, Hashable, Sendable {
    /// Neither JSON nor a form in `multipart/form-data`.
    case unknownEncoding
    case unreadableJSON(JSONError)
    /// JSON, but no object.
    case noObject
    case unreadableForm(MultipartError)
}
