internal import ReelCrypto
package import ReelHTTP
package import ReelRuntime

/// Signs deliveries with one secret, or with several while one replaces another.
package struct WebhookSigner: Sendable {
    private let secrets: [WebhookSecret]

    /// Takes at least one secret; the receiver needs only one of them.
    package init(secrets: [WebhookSecret]) {
        precondition(!secrets.isEmpty, "a signer has a secret")
        self.secrets = secrets
    }

    /// The three header fields of a delivery.
    ///
    /// - Parameters:
    ///   - id: The same on every attempt, visible ASCII without a full stop.
    ///   - moment: When this attempt is made.
    ///   - body: What is sent, byte for byte.
    /// - Returns: `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    package func headers(id: String, at moment: Timestamp, body: [UInt8]) -> HTTPFields {
        let timestamp = String(moment.secondsSinceEpoch)
        return [
            WebhookField.id: id,
            WebhookField.timestamp: timestamp,
            WebhookField.signature: signature(id: id, timestamp: timestamp, body: body),
        ]
    }

    /// The value of the signature's field: one `v1,` entry for each secret, in their order.
    ///
    /// The timestamp is signed as it is spelled, which a test may want to be odd.
    package func signature(id: String, timestamp: String, body: [UInt8]) -> String {
        let (id, timestamp) = (Array(id.utf8), Array(timestamp.utf8))
        return secrets.map { secret in
            let code = secret.code(id: id.span, timestamp: timestamp.span, body: body.span)
            return "v1," + Base64.encode(code.span)
        }.joined(separator: " ")
    }
}
