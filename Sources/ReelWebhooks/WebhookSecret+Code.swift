internal import ReelCrypto

extension WebhookSecret {
    /// The code of a delivery: over id, timestamp and body with full stops between, as they are
    /// sent (Standard Webhooks 1.0.0, "Signature scheme"), without a copy of any.
    func code(
        id: Span<UInt8>,
        timestamp: Span<UInt8>,
        body: Span<UInt8>
    ) -> [32 of UInt8] {
        let stop = [1 of UInt8](repeating: UInt8(ascii: "."))
        var code = HMACSHA256(key)
        code.update(id)
        code.update(stop.span)
        code.update(timestamp)
        code.update(stop.span)
        code.update(body)
        return code.digest()
    }
}
