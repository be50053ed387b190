internal import ReelCrypto

/// What a signature covers: id, timestamp and body with full stops between, as they are sent
/// (Standard Webhooks 1.0.0, "Signature scheme").
struct SignedContent {
    let id: String
    let timestamp: String
    let body: [UInt8]

    /// The code of the content under a secret, without a copy of the body.
    func code(_ secret: WebhookSecret) -> [32 of UInt8] {
        let stop = [1 of UInt8](repeating: UInt8(ascii: "."))
        var code = HMACSHA256(secret.key)
        code.update(id.utf8.span)
        code.update(stop.span)
        code.update(timestamp.utf8.span)
        code.update(stop.span)
        code.update(body.span)
        return code.digest()
    }
}
