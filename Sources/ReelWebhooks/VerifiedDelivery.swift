package import ReelRuntime

/// A delivery whose signature is good: the only kind that the journal takes.
///
/// Only `WebhookVerifier` can make one, so that "was it checked?" is not a question anybody has
/// to ask again.
package struct VerifiedDelivery: Sendable {
    /// The endpoint that it came in by, such as `openai`.
    package let source: String
    /// The `webhook-id`: the same on every attempt of the sender.
    package let webhookID: String
    /// The sender's time of the attempt.
    package let sentAt: Timestamp
    package let receivedAt: Timestamp
    /// The content, byte for byte as it was signed.
    package let body: [UInt8]
    /// Which of the endpoint's secrets matched, counted from 0, so that an operator sees when the
    /// old one is no longer used.
    package let secretIndex: Int

    init(
        source: String,
        webhookID: String,
        sentAt: Timestamp,
        receivedAt: Timestamp,
        body: [UInt8],
        secretIndex: Int
    ) {
        self.source = source
        self.webhookID = webhookID
        self.sentAt = sentAt
        self.receivedAt = receivedAt
        self.body = body
        self.secretIndex = secretIndex
    }
}
