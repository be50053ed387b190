import FoundationEssentials
import ReelHTTP
import ReelRuntime
import ReelWebhooks
import TestSupport
import Testing

/// One delivery of `fixtures/webhooks/signatures.json`, and what is to become of it.
struct SignatureCase: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let secrets: [String]
    let headers: [[String]]
    let body: String?
    let bodyBase64: String?
    let nowMilliseconds: Int64
    /// `accepted`, a `VerificationFailure`, or `secret:` and a `WebhookSecretError`, by
    /// compatibility.
    let expect: [String: String]
    let peers: [String: String?]?

    enum CodingKeys: String, CodingKey {
        case name, secrets, headers, body, expect, peers
        case bodyBase64 = "body_base64"
        case nowMilliseconds = "now_ms"
    }

    var testDescription: String { name }

    static func all() throws -> [SignatureCase] {
        let bytes = try Fixture.bytes("webhooks/signatures.json")
        return try JSONDecoder().decode([SignatureCase].self, from: Data(bytes))
    }

    var bodyBytes: [UInt8] {
        if let body { return Array(body.utf8) }
        return Array(Data(base64Encoded: bodyBase64 ?? "") ?? Data())
    }

    func request() throws -> HTTPRequest {
        var fields = HTTPFields()
        for header in headers { fields.append(header[0], header[1]) }
        return HTTPRequest(
            method: .post,
            target: try #require(HTTPTarget("/webhooks/openai")),
            fields: fields,
            body: bodyBytes
        )
    }

    func verifier(_ compatibility: WebhookCompatibility) throws -> WebhookVerifier {
        WebhookVerifier(
            source: "openai",
            secrets: try secrets.map { text in
                try WebhookSecret(parsing: text, compatibility: compatibility)
            },
            compatibility: compatibility
        )
    }

    /// What becomes of it, in the words of `expect`.
    func outcome(_ compatibility: WebhookCompatibility) throws -> String {
        do {
            let receivedAt = Timestamp(millisecondsSinceEpoch: nowMilliseconds)
            let delivery = try verifier(compatibility).verify(request(), receivedAt: receivedAt)
            #expect(delivery.body == bodyBytes)
            #expect(delivery.receivedAt == receivedAt)
            return "accepted"
        } catch let failure as VerificationFailure {
            return failure.rawValue
        } catch let error as WebhookSecretError {
            return "secret:\(error.caseName)"
        }
    }
}

extension WebhookSecretError {
    fileprivate var caseName: String {
        switch self {
        case .empty: "empty"
        case .missingPrefix: "missingPrefix"
        case .malformedBase64: "malformedBase64"
        case .tooLong: "tooLong"
        }
    }
}
