import ReelHTTP
import ReelHTTPClient
import ReelHandlers
import ReelRuntime
import ReelWebhooks
import TestSupport

extension HandlerHarness {
    static let targetURL = "https://example.com/hook?token=s3cret"
    static let targetSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// A handler that tells a target of ours.
    func notifier(
        _ transport: StubTransport,
        isSigned: Bool = true,
        _ change: (inout NotifyHandler.Target) -> Void = { _ in }
    ) throws -> NotifyHandler {
        let secret = try WebhookSecret(parsing: Self.targetSecret)
        var target = NotifyHandler.Target(
            url: Self.targetURL,
            signer: isSigned ? WebhookSigner(secrets: [secret]) : nil,
            destinations: .publicAnd(networks: ["10.0.0.0/8"])
        )
        change(&target)
        return NotifyHandler(
            target,
            transport: transport,
            journal: journal,
            time: time,
            gone: gone,
            logger: logger
        )
    }
}

extension StubTransport {
    /// Answers each request in the same way, without a body.
    static func answering(_ status: Int, _ fields: HTTPFields = [:]) -> StubTransport {
        StubTransport { _, _ throws(HTTPClientError) in .init(status, fields) }
    }
}
