/// Why a text is no signing secret; none of it is in the error.
package enum WebhookSecretError: Error, Hashable, Sendable, CaseIterable {
    /// Nothing, or nothing behind `whsec_`.
    case empty
    /// Does not begin with `whsec_`, so that its bytes would be anybody's guess.
    case missingPrefix
    /// What follows `whsec_` is not padded, canonical standard base64.
    case malformedBase64
    /// A text longer than any key, which is not read.
    case tooLong
}

extension WebhookSecretError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "a webhook secret is empty"
        case .missingPrefix: "a webhook secret begins with whsec_"
        case .malformedBase64: "a webhook secret is whsec_ and standard base64 with its padding"
        case .tooLong: "a webhook secret is longer than 1024 bytes"
        }
    }
}
