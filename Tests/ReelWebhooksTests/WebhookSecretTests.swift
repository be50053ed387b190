import ReelWebhooks
import Testing

struct WebhookSecretTests {
    private let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    @Test func `nothing that describes a secret or what holds one shows it`() throws {
        let secret = try WebhookSecret(parsing: text)
        let holders: [Any] = [
            secret, [secret], WebhookSigner(secrets: [secret]),
            WebhookVerifier(source: "openai", secrets: [secret]), Optional(secret) as Any,
        ]
        for holder in holders {
            var said = "\(holder) " + String(reflecting: holder)
            dump(holder, to: &said)
            #expect(!said.contains("MfKQ9r8"))
            #expect(!said.contains("49, 242"))
            #expect(!said.contains("HMACKey"))
        }
        #expect("\(secret)" == "WebhookSecret(redacted)")
    }

    @Test func `an error says what is wrong and nothing of the text`() {
        for text in ["whsec_abc$", "abcdef"] {
            let error = #expect(throws: WebhookSecretError.self) {
                try WebhookSecret(parsing: text)
            }
            #expect(!"\(String(describing: error))".contains(text))
        }
    }

    @Test(
        arguments: [
            ("", nil), (" \n", nil), ("one", 1), ("one two", 2), (" one\n two\t\r\nthree ", 3),
        ] as [(String, Int?)]
    )
    func `a list is split at white space and is never empty`(_ list: String, _ count: Int?) throws {
        let named = list.replacing("one", with: text).replacing("two", with: text)
            .replacing("three", with: text)
        #expect((try? WebhookSecret.list(parsing: named))?.count == count)
    }

    @Test func `one bad secret spoils the list`() {
        #expect(throws: WebhookSecretError.missingPrefix) {
            try WebhookSecret.list(parsing: "\(text) oops")
        }
    }

    @Test func `a key of unusual length is marked where it is taken`() throws {
        #expect(try !WebhookSecret(parsing: text).hasUnusualLength)
        #expect(try WebhookSecret(parsing: "short", compatibility: .openai).hasUnusualLength)
        #expect(try WebhookSecret(parsing: "whsec_QUJD").hasUnusualLength)
    }

    @Test func `a text beyond any key is refused before it is read`() {
        let text = "whsec_" + String(repeating: "QUJD", count: 1000)
        for compatibility in WebhookCompatibility.allCases {
            #expect(throws: WebhookSecretError.tooLong) {
                try WebhookSecret(parsing: text, compatibility: compatibility)
            }
        }
    }

    @Test func `a new text is a secret and is not made twice`() throws {
        let first = WebhookSecret.newText()
        #expect(first.hasPrefix("whsec_"))
        #expect(try !WebhookSecret(parsing: first).hasUnusualLength)
        #expect(first != WebhookSecret.newText())
    }
}
