internal import ReelCrypto
package import ReelHTTP
package import ReelRuntime

/// Decides whether a delivery was signed, recently, by someone who holds one of the secrets.
///
/// It reads the body's bytes as they came and knows nothing of what they mean. Why a delivery was
/// refused is for the log; the caller is told nothing that would help to forge the next one.
package struct WebhookVerifier: Sendable {
    /// How long an id may be, in bytes.
    package static let idByteCountMax = 256

    /// The endpoint that deliveries come in by, such as `openai`.
    package let source: String
    private let secrets: [WebhookSecret]
    private let toleranceInSeconds: Int64
    private let compatibility: WebhookCompatibility

    /// Takes the secrets of one endpoint; without any, every delivery is refused.
    ///
    /// - Parameters:
    ///   - source: The endpoint's name, which goes into each delivery.
    ///   - secrets: The one in use, and others while they are rotated, in any order.
    ///   - tolerance: How far the timestamp may be from the time of receipt, either way, in whole
    ///     seconds.
    ///   - compatibility: What is accepted where implementations disagree.
    package init(
        source: String,
        secrets: [WebhookSecret],
        tolerance: Duration = .seconds(300),
        compatibility: WebhookCompatibility = .strict
    ) {
        self.source = source
        self.secrets = secrets
        toleranceInSeconds = max(0, tolerance.components.seconds)
        self.compatibility = compatibility
    }

    /// Checks a request as it came.
    ///
    /// - Throws: `VerificationFailure`, the first that applies.
    package func verify(
        _ request: HTTPRequest,
        receivedAt: Timestamp
    ) throws(VerificationFailure) -> VerifiedDelivery {
        try verify(fields: request.fields, body: request.body, receivedAt: receivedAt)
    }

    /// Checks the header fields and the body of a delivery.
    ///
    /// - Throws: `VerificationFailure`, the first that applies.
    package func verify(
        fields: HTTPFields,
        body: [UInt8],
        receivedAt: Timestamp
    ) throws(VerificationFailure) -> VerifiedDelivery {
        try checkCoding(fields)
        let id = try only(WebhookField.id, in: fields, orElse: .missingID, .malformedID)
        guard isID(id.span) else { throw .malformedID }
        let timestampText = try only(
            WebhookField.timestamp,
            in: fields,
            orElse: .missingTimestamp,
            .malformedTimestamp
        )
        guard
            let timestamp = WebhookTimestamp(
                parsing: timestampText.span,
                compatibility: compatibility
            )
        else { throw .malformedTimestamp }
        let signature = try only(
            WebhookField.signature,
            in: fields,
            orElse: .missingSignature,
            .malformedSignature
        )
        let signatures = SignatureList(parsing: signature.span, compatibility: compatibility)
        guard !signatures.codes.isEmpty else { throw .malformedSignature }
        try checkAge(timestamp, receivedAt)
        let matched = match(signatures) { secret in
            secret.code(id: id.span, timestamp: timestampText.span, body: body.span)
        }
        guard let matched else { throw .noMatch }
        return VerifiedDelivery(
            source: source,
            webhookID: String(decoding: id, as: UTF8.self),
            sentAt: Timestamp(secondsSinceEpoch: timestamp.seconds),
            receivedAt: receivedAt,
            body: body,
            secretIndex: matched
        )
    }

    /// The first secret under which one of the signatures is good.
    ///
    /// Every signature is compared with every secret's code, so that the time taken says neither
    /// which one matched nor whether any did.
    private func match(
        _ signatures: SignatureList,
        _ expected: (WebhookSecret) -> [32 of UInt8]
    ) -> Int? {
        var matched: Int?
        for index in secrets.indices {
            let expected = expected(secrets[index])
            for code in signatures.codes {
                let isEqual = constantTimeEqual(expected.span, code.span)
                if isEqual, matched == nil { matched = index }
            }
        }
        return matched
    }

    /// Compares in whole seconds, the only ones that the sender states, the limit included.
    private func checkAge(
        _ timestamp: WebhookTimestamp,
        _ receivedAt: Timestamp
    ) throws(VerificationFailure) {
        let age = receivedAt.secondsSinceEpoch - timestamp.seconds
        if age > toleranceInSeconds { throw .tooOld }
        if age < -toleranceInSeconds { throw .tooNew }
    }

    /// Refuses a coded body: which bytes were signed, before or after the coding, is not defined.
    private func checkCoding(_ fields: HTTPFields) throws(VerificationFailure) {
        guard fields.contains("content-encoding") else { return }
        guard fields.only("content-encoding")?.lowercased() == "identity" else {
            throw .encodedBody
        }
    }

    /// The value of a field that must be there exactly once: two could be read as either.
    private func only(
        _ name: String,
        in fields: HTTPFields,
        orElse missing: VerificationFailure,
        _ repeated: VerificationFailure
    ) throws(VerificationFailure) -> ArraySlice<UInt8> {
        if let value = fields.onlyBytes(name) { return value }
        throw fields.contains(name) ? repeated : missing
    }
}

/// Whether an id is of a length to keep, and visible ASCII but the full stop, which would let id,
/// timestamp and body be cut elsewhere.
private func isID(_ text: Span<UInt8>) -> Bool {
    guard (1...WebhookVerifier.idByteCountMax).contains(text.count) else { return false }
    for index in text.indices {
        guard (0x21...0x7E).contains(text[index]), text[index] != UInt8(ascii: ".") else {
            return false
        }
    }
    return true
}
