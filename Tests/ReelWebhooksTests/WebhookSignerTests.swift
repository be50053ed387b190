import ReelHTTP
import ReelRuntime
import ReelWebhooks
import Testing

struct WebhookSignerTests {
    private let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    @Test func `the published example is signed as published`() throws {
        let signer = WebhookSigner(secrets: [try WebhookSecret(parsing: text)])
        let fields = signer.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: Timestamp(millisecondsSinceEpoch: 1_614_265_330_999),
            body: Array(#"{"test": 2432232314}"#.utf8)
        )
        let expected: HTTPFields = [
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ]
        #expect(fields == expected)
    }

    @Test func `each secret has an entry, in order`() throws {
        let first = try WebhookSecret(parsing: text)
        let second = try WebhookSecret(parsing: WebhookSecret.newText())
        func signature(_ secrets: [WebhookSecret]) -> String {
            WebhookSigner(secrets: secrets).signature(id: "wh_1", timestamp: "1", body: [1])
        }
        let both = signature([first, second])
        #expect(both == "\(signature([first])) \(signature([second]))")
        #expect(both.split(separator: " ").count == 2)
    }
}
