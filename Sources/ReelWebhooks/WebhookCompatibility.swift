/// How closely a verifier keeps to Standard Webhooks where its implementations disagree.
///
/// The points and both answers are a table in `deploy/webhook-signatures.md`.
package enum WebhookCompatibility: String, Sendable, CaseIterable {
    /// What Standard Webhooks 1.0.0 says and nothing more.
    case strict
    /// Also what OpenAI's own SDKs accept, as far as it cannot be used to pass a forgery.
    case openai
}
