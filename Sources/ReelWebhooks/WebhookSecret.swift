internal import ReelCrypto

/// A secret that deliveries are signed with: `whsec_` and base64 of the key
/// (Standard Webhooks 1.0.0, "Signature scheme").
///
/// Only the prepared key is kept. No description, dump or mirror shows any of it.
package struct WebhookSecret: Sendable {
    /// How many bytes the specification asks a key to have.
    package static let recommendedByteCounts = 24...64
    /// The longest secret that is read at all, in bytes of its text.
    static let textByteCountMax = 1024

    let key: HMACKey
    /// Whether the key is outside of what the specification asks for, which is worth a warning.
    package let hasUnusualLength: Bool

    /// Reads one secret, without white space around it.
    ///
    /// OpenAI's SDKs take a text without `whsec_` as the key itself, in UTF-8, and other
    /// implementations take it as base64. Only the first is offered, and only when asked for.
    ///
    /// A key of a length that the specification does not recommend is taken, as both reference
    /// implementations take it, and marked.
    ///
    /// - Throws: `WebhookSecretError`.
    package init(
        parsing text: String,
        compatibility: WebhookCompatibility = .strict
    ) throws(WebhookSecretError) {
        var key = try Self.key(text, compatibility)
        defer { wipe(&key) }
        self.key = HMACKey(key)
        hasUnusualLength = !Self.recommendedByteCounts.contains(key.count)
    }

    /// Reads the secrets in a text, separated by white space as in `OPENAI_WEBHOOK_SECRET`.
    ///
    /// - Throws: `WebhookSecretError` for the first that is none, and `empty` for no secret at all.
    package static func list(
        parsing text: String,
        compatibility: WebhookCompatibility = .strict
    ) throws(WebhookSecretError) -> [WebhookSecret] {
        var secrets: [WebhookSecret] = []
        for part in text.split(whereSeparator: \.isWhitespace) {
            secrets.append(
                try WebhookSecret(parsing: String(part), compatibility: compatibility)
            )
        }
        guard !secrets.isEmpty else { throw .empty }
        return secrets
    }

    /// The text of a new secret of 32 random bytes, for whoever has to show or keep it.
    package static func newText() -> String {
        var key = secureRandomBytes(32)
        defer { wipe(&key) }
        return prefix + Base64.encode(key)
    }

    private static let prefix = "whsec_"

    private static func key(
        _ text: String,
        _ compatibility: WebhookCompatibility
    ) throws(WebhookSecretError) -> [UInt8] {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= textByteCountMax else { throw .tooLong }
        guard text.utf8.starts(with: prefix.utf8) else {
            switch compatibility {
            case .strict: throw .missingPrefix
            case .openai: return Array(text.utf8)
            }
        }
        let encoded = Array(text.utf8.dropFirst(prefix.utf8.count))
        guard let key = Base64.decode(encoded.span) else { throw .malformedBase64 }
        guard !key.isEmpty else { throw .empty }
        return key
    }
}

extension WebhookSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "WebhookSecret(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
