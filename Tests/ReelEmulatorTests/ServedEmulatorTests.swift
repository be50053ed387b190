import ReelCrypto
import ReelHTTP
import ReelHTTPClient
import ReelHTTPServer
import ReelJSON
import ReelObservability
import ReelRuntime
import ReelWebhooks
import TestSupport
import Testing

@testable import ReelEmulator

/// The emulator behind its listener, and a receiver behind another one.
struct ServedEmulatorTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"

    /// Serves an emulator with a receiver of its webhooks, runs the test, and stops both.
    private func withServed(
        _ configure: (inout EmulatorConfiguration) -> Void = { _ in },
        _ body: (Served) async throws -> Void
    ) async throws {
        let time = SystemTimeSource()
        let logger = Logger(sink: SilentSink(), level: .error, time: time, component: "test")
        let client = HTTPClient()
        let (deliveries, continuation) = AsyncStream.makeStream(
            of: HTTPRequest.self,
            bufferingPolicy: .bufferingOldest(100)
        )
        let receiver = HTTPServer(
            configuration: HTTPServerConfiguration(binding: .host("127.0.0.1", port: 0)),
            handler: { request, _ in
                continuation.yield(request)
                return HTTPResponse(.noContent)
            },
            logger: logger,
            metrics: Metrics(),
            time: time
        )
        var configuration = EmulatorConfiguration(seed: 1)
        configuration.jobDuration = .milliseconds(50)
        configure(&configuration)
        let emulator = Emulator(
            configuration: configuration,
            transport: client,
            time: time,
            logger: logger,
            metrics: Metrics()
        )
        let address = try emulator.bind()
        let hook = try receiver.bind()
        try emulator.deliver(to: "http://127.0.0.1:\(hook.port)/hook", secret: Self.secret)
        let served = Served(
            url: "http://127.0.0.1:\(address.port)",
            client: client,
            deliveries: deliveries
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await receiver.run() }
            group.addTask { try await emulator.run() }
            do {
                try await body(served)
            } catch {
                group.cancelAll()
                throw error
            }
            emulator.stop()
            emulator.stop()
            receiver.stop()
            try await group.waitForAll()
        }
        await client.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a video goes from order to webhook to file over real sockets`() async throws {
        try await withServed { served in
            let made = try await served.post("/v1/videos", json: #"{"prompt": "A reel"}"#)
            let id = try #require(made["id"]?.string)
            var deliveries = served.deliveries.makeAsyncIterator()
            let request = try #require(await deliveries.next())
            let verifier = WebhookVerifier(
                source: "openai",
                secrets: [try WebhookSecret(parsing: Self.secret)]
            )
            let delivery = try verifier.verify(request, receivedAt: SystemTimeSource().now())
            #expect(try JSONParser.parse(delivery.body)["data"]?["id"]?.string == id)

            let video = try await served.get("/v1/videos/\(id)")
            #expect(try JSONParser.parse(video.body)["status"] == .string("completed"))
            let file = try await served.get("/v1/videos/\(id)/content")
            let order = VideoParameters(
                prompt: "A reel",
                model: "sora-2",
                seconds: "4",
                size: "720x1280"
            )
            let whole = EmulatedMedia(
                .video,
                videoID: id,
                byteCountMin: 0,
                looks: EmulatedMedia.Looks(order)
            )
            #expect(file.head.contentLength == Int64(whole.byteCount))
            #expect(hexadecimal(SHA256.hash(file.body)) == whole.sha256)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a cut transfer is an interrupted one for a client`() async throws {
        try await withServed({ $0.faults.cutTransfers = .always }) { served in
            let made = try await served.post("/v1/videos", json: #"{"prompt": "A reel"}"#)
            let id = try #require(made["id"]?.string)
            var deliveries = served.deliveries.makeAsyncIterator()
            _ = await deliveries.next()
            await #expect(throws: HTTPClientError.interrupted) {
                try await served.get("/v1/videos/\(id)/content")
            }
        }
    }
}

/// A served emulator as a client sees it.
private struct Served: Sendable {
    let url: String
    let client: HTTPClient
    let deliveries: AsyncStream<HTTPRequest>

    func get(_ path: String) async throws -> HTTPClientResponse {
        try await client.send(HTTPClientRequest(.get, url + path))
    }

    func post(_ path: String, json: String) async throws -> JSONValue {
        let response = try await client.send(
            HTTPClientRequest(
                .post,
                url + path,
                fields: ["Content-Type": "application/json"],
                body: Array(json.utf8)
            )
        )
        return try JSONParser.parse(response.body)
    }
}
