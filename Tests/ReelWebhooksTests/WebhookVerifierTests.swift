import FoundationEssentials
import ReelCrypto
import ReelHTTP
import ReelRuntime
import ReelWebhooks
import TestSupport
import Testing

struct WebhookVerifierTests {
    @Test(arguments: try SignatureCase.all())
    func `a delivery of the fixtures is judged as written there`(
        _ delivery: SignatureCase
    ) throws {
        for compatibility in WebhookCompatibility.allCases {
            let outcome = try delivery.outcome(compatibility)
            #expect(outcome == delivery.expect[compatibility.rawValue])
        }
    }

    @Test func `the fixtures hold every failure there is`() throws {
        let expected = Set(try SignatureCase.all().flatMap(\.expect.values))
        #expect(expected.isSuperset(of: VerificationFailure.allCases.map(\.rawValue)))
    }

    @Test func `nothing passes here that both reference verifiers refuse`() throws {
        // They read a missing version and an odd timestamp differently, so each may be the one.
        for delivery in try SignatureCase.all() {
            guard let peers = delivery.peers, delivery.expect["openai"] == "accepted" else {
                continue
            }
            let isUTF8 = delivery.body != nil
            #expect(peers.values.contains("accepted") || !isUTF8, "\(delivery.name)")
        }
    }

    @Test func `what is signed here is verified here, whatever the bytes`() throws {
        let random = SeededRandomSource(seed: 6)
        let now = Timestamp(secondsSinceEpoch: 1_795_246_590)
        for _ in 0..<50 {
            let secret = try WebhookSecret(parsing: WebhookSecret.newText())
            let body = random.bytes(Int(random.below(2000)))
            let id = "msg_" + random.hexadecimal(byteCount: 12)
            let fields = WebhookSigner(secrets: [secret]).headers(id: id, at: now, body: body)
            let verifier = WebhookVerifier(source: "openai", secrets: [secret])
            let delivery = try verifier.verify(fields: fields, body: body, receivedAt: now)
            #expect(delivery.webhookID == id)
            #expect(delivery.sentAt == now)
            #expect(delivery.body == body)
            #expect(delivery.source == "openai")
        }
    }

    @Test func `a change of any one bit is refused`() throws {
        let secret = try WebhookSecret(parsing: WebhookSecret.newText())
        let now = Timestamp(secondsSinceEpoch: 1_795_246_590)
        let body = Array(#"{"type":"video.completed"}"#.utf8)
        let fields = WebhookSigner(secrets: [secret]).headers(id: "wh_1", at: now, body: body)
        let verifier = WebhookVerifier(source: "openai", secrets: [secret])
        for bit in 0..<(body.count * 8) {
            var changed = body
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: VerificationFailure.noMatch) {
                try verifier.verify(fields: fields, body: changed, receivedAt: now)
            }
        }
        let digest = String((fields[WebhookField.signature] ?? "").dropFirst(3))
        let code = try #require(Base64.decode(digest))
        for bit in 0..<256 {
            var changed = code
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            var forged = fields
            forged.set(WebhookField.signature, "v1," + Base64.encode(changed))
            #expect(throws: VerificationFailure.noMatch) {
                try verifier.verify(fields: forged, body: body, receivedAt: now)
            }
        }
    }

    @Test func `the secret that matched is named by its place`() throws {
        let texts = (0..<3).map { _ in WebhookSecret.newText() }
        let secrets = try texts.map { text in try WebhookSecret(parsing: text) }
        let now = Timestamp(secondsSinceEpoch: 1_795_246_590)
        let verifier = WebhookVerifier(source: "openai", secrets: secrets)
        for (index, secret) in secrets.enumerated() {
            let fields = WebhookSigner(secrets: [secret]).headers(id: "wh_1", at: now, body: [])
            let delivery = try verifier.verify(fields: fields, body: [], receivedAt: now)
            #expect(delivery.secretIndex == index)
        }
        let both = WebhookSigner(secrets: [secrets[2], secrets[1]])
            .headers(id: "wh_1", at: now, body: [])
        #expect(try verifier.verify(fields: both, body: [], receivedAt: now).secretIndex == 1)
    }

    @Test func `a tolerance other than five minutes is kept`() throws {
        let secret = try WebhookSecret(parsing: WebhookSecret.newText())
        let sent = Timestamp(secondsSinceEpoch: 1_795_246_590)
        let fields = WebhookSigner(secrets: [secret]).headers(id: "wh_1", at: sent, body: [])
        let verifier = WebhookVerifier(
            source: "openai",
            secrets: [secret],
            tolerance: .seconds(10)
        )
        _ = try verifier.verify(fields: fields, body: [], receivedAt: sent + .seconds(10))
        #expect(throws: VerificationFailure.tooOld) {
            try verifier.verify(fields: fields, body: [], receivedAt: sent + .seconds(11))
        }
        #expect(throws: VerificationFailure.tooNew) {
            try verifier.verify(fields: fields, body: [], receivedAt: sent - .seconds(11))
        }
    }

    @Test func `no failure and nothing thrown says a secret, a signature or a code`() throws {
        for delivery in try SignatureCase.all() {
            for compatibility in WebhookCompatibility.allCases {
                let signature = delivery.headers.first { $0[0] == WebhookField.signature }?[1]
                var secrets = delivery.secrets + [signature ?? ""]
                if let text = delivery.secrets.first,
                    let secret = try? WebhookSecret(parsing: text, compatibility: .openai)
                {
                    let id = delivery.headers.first { $0[0] == WebhookField.id }?[1] ?? ""
                    let timestamp =
                        delivery.headers.first { $0[0] == WebhookField.timestamp }?[1] ?? ""
                    let code = WebhookSigner(secrets: [secret])
                        .signature(id: id, timestamp: timestamp, body: delivery.bodyBytes)
                    secrets.append(String(code.dropFirst(3)))
                }
                do {
                    let verifier = try delivery.verifier(compatibility)
                    _ = try verifier.verify(
                        delivery.request(),
                        receivedAt: Timestamp(millisecondsSinceEpoch: delivery.nowMilliseconds)
                    )
                } catch {
                    var said = "\(error) \(String(reflecting: error))"
                    dump(error, to: &said)
                    for text in secrets where text.utf8.count > 3 {
                        #expect(!said.contains(text), "\(delivery.name)")
                    }
                }
            }
        }
    }
}
