import ReelHTTP
import ReelHTTPClient
import ReelJSON
import ReelRuntime
import ReelWebhooks
import TestSupport
import Testing

@testable import ReelEmulator

struct WebhookTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"

    private func fixture(
        seed: UInt64 = 1,
        answering receiver: StubTransport = StubTransport { _, _ in StubTransport.Answer(200) },
        _ configure: (inout EmulatorConfiguration) -> Void = { _ in }
    ) throws -> EmulatorFixture {
        let secret = try WebhookSecret(parsing: Self.secret)
        return EmulatorFixture(seed: seed, receiver: receiver) {
            $0.webhook = .init(url: "http://receiver.test/hook", secret: secret)
            configure(&$0)
        }
    }

    /// Runs the sender beside a test, and ends it with it.
    private func withSender(
        _ fixture: EmulatorFixture,
        _ body: () async throws -> Void
    ) async throws {
        async let sender: Void = fixture.emulator.tellOfEnds()
        try await body()
        fixture.emulator.stop()
        await sender
    }

    private func verify(_ request: HTTPClientRequest, at now: Timestamp) throws -> JSONValue {
        let verifier = WebhookVerifier(
            source: "openai",
            secrets: [try WebhookSecret(parsing: Self.secret)]
        )
        let delivery = try verifier.verify(
            HTTPRequest(
                method: request.method,
                target: try #require(HTTPTarget("/hook")),
                fields: request.fields,
                body: request.body ?? []
            ),
            receivedAt: now
        )
        return try JSONParser.parse(delivery.body)
    }

    @Test(arguments: [("A reel", "video.completed"), ("A reel [fail]", "video.failed")])
    func `an end is told of, once and signed`(prompt: String, type: String) async throws {
        let fixture = try fixture()
        try await withSender(fixture) {
            let id = try await fixture.create(prompt)
            await fixture.time.waitForSleepers()
            fixture.time.advance(by: .seconds(9))
            #expect(fixture.receiver.requests.isEmpty)
            fixture.time.advance(by: .seconds(1))
            try await fixture.deliveries(1)
            let request = try #require(fixture.receiver.requests.first)
            let event = try verify(request, at: fixture.time.now())
            #expect(event["type"] == .string(type))
            #expect(event["object"] == .string("event"))
            #expect(event["data"]?["id"]?.string == id)
            #expect(event["id"]?.string?.hasPrefix("evt_") == true)
            #expect(request.fields["webhook-id"]?.hasPrefix("wh_") == true)
            #expect(request.fields["User-Agent"] == "Reelhook-Emulator/1.0")
            #expect(request.fields["Content-Type"] == "application/json")
        }
        #expect(fixture.receiver.requests.count == 1)
    }

    @Test func `a refused webhook is sent again with the same id and a new time`() async throws {
        let fixture = try fixture(
            answering: StubTransport { _, index throws(HTTPClientError) in
                if index == 0 { throw .connectionFailed }
                return index == 1
                    ? StubTransport.Answer(503, ["Retry-After": "7"]) : StubTransport.Answer(200)
            }
        )
        try await withSender(fixture) {
            _ = try await fixture.create()
            for wait in [Duration.seconds(10), .milliseconds(500), .seconds(7)] {
                await fixture.time.waitForSleepers()
                fixture.time.advance(by: wait)
            }
            try await fixture.deliveries(3)
        }
        let requests = fixture.receiver.requests
        #expect(Set(requests.map { $0.fields["webhook-id"] }).count == 1)
        #expect(Set(requests.map { $0.body }).count == 1)
        let last = try #require(requests.last)
        _ = try verify(last, at: fixture.time.now())
        #expect(last.fields["webhook-timestamp"] != requests[0].fields["webhook-timestamp"])
        let log = try await fixture.log()["deliveries"]?.array ?? []
        #expect(log.map { $0["status"]?.integer } == [nil, 503, 200])
        #expect(log.first?["reason"] == .string("connection_failed"))
        #expect(log.map { $0["attempt"]?.integer } == [1, 2, 3])
    }

    @Test func `attempts end when they are used up`() async throws {
        let fixture = try fixture(answering: StubTransport { _, _ in StubTransport.Answer(500) }) {
            $0.webhook?.retryDelays = [.seconds(1), .seconds(1)]
        }
        try await withSender(fixture) {
            _ = try await fixture.create()
            for wait in [10, 1, 1] {
                await fixture.time.waitForSleepers()
                fixture.time.advance(by: .seconds(wait))
            }
            try await fixture.deliveries(3)
            #expect(fixture.time.sleeperCount == 0)
        }
        #expect(fixture.receiver.requests.count == 3)
    }

    @Test func `a receiver that is gone is left alone`() async throws {
        let fixture = try fixture(answering: StubTransport { _, _ in StubTransport.Answer(410) })
        try await withSender(fixture) {
            _ = try await fixture.create()
            await fixture.time.waitForSleepers()
            fixture.time.advance(by: .seconds(10))
            try await fixture.deliveries(1)
        }
        #expect(fixture.receiver.requests.count == 1)
    }

    @Test func `a dropped webhook is in the log alone`() async throws {
        let fixture = try fixture { $0.faults.dropWebhooks = .always }
        try await withSender(fixture) {
            _ = try await fixture.create()
            await fixture.time.waitForSleepers()
            fixture.time.advance(by: .seconds(10))
            try await fixture.deliveries(1)
        }
        #expect(fixture.receiver.requests.isEmpty)
        let line = try await fixture.log()["deliveries"]?.array?.first
        #expect(line?["reason"] == .string("dropped"))
        #expect(line?["attempt"]?.integer == 0)
    }

    @Test func `duplicates share the id, a second event has its own`() async throws {
        let fixture = try fixture {
            $0.faults.duplicateWebhooks = .always
            $0.faults.duplicateEvents = .always
        }
        try await withSender(fixture) {
            _ = try await fixture.create()
            await fixture.time.waitForSleepers()
            fixture.time.advance(by: .seconds(10))
            try await fixture.deliveries(3)
        }
        let ids = fixture.receiver.requests.map { $0.fields["webhook-id"] ?? "-" }
        #expect(ids.count == 3)
        #expect(Set(ids).count == 2)
    }

    @Test func `a delayed webhook comes after its delay`() async throws {
        let fixture = try fixture { $0.faults.delayWebhooks = .always }
        try await withSender(fixture) {
            _ = try await fixture.create()
            await fixture.time.waitForSleepers()
            fixture.time.advance(by: .seconds(10))
            await fixture.time.waitForSleepers()
            #expect(fixture.receiver.requests.isEmpty)
            fixture.time.advance(by: .seconds(5))
            try await fixture.deliveries(1)
        }
        #expect(fixture.receiver.requests.count == 1)
    }

    @Test func `a reordered webhook is overtaken`() async throws {
        let fixture = try fixture { $0.faults.reorderWebhooks = Probability(0.5) ?? .never }
        try await withSender(fixture) {
            for _ in 0..<20 { _ = try await fixture.create() }
            await fixture.time.waitForSleepers(20)
            fixture.time.advance(by: .seconds(10))
            while try await fixture.log()["deliveries"]?.array?.count ?? 0 < 20 {
                if fixture.time.advanceToNextSleeper() == false { await Task.yield() }
            }
        }
        let told = try await fixture.log()["deliveries"]?.array?.map { $0["video_id"]?.string }
        let made = try await fixture.get("/v1/videos?order=asc").json()["data"]?.array?
            .map { $0["id"]?.string }
        #expect(told?.count == 20)
        #expect(told != made)
        #expect(Set(told ?? []) == Set(made ?? []))
    }

    @Test(arguments: [("complete", "video.completed"), ("fail", "video.failed")])
    func `a test can force an end, which is told of once`(
        action: String,
        type: String
    ) async throws {
        let fixture = try fixture()
        try await withSender(fixture) {
            let id = try await fixture.create()
            await fixture.time.waitForSleepers()
            let video = try await fixture.send(.post, "/emulator/videos/\(id)/\(action)").json()
            #expect(video["status"]?.string == type.split(separator: ".").last.map(String.init))
            try await fixture.deliveries(1)
            fixture.time.advance(by: .seconds(20))
        }
        let log = try await fixture.log()["deliveries"]?.array ?? []
        #expect(log.map { $0["type"]?.string } == [type])
    }

    @Test func `an end is taken once, by whichever task comes first`() async throws {
        let fixture = try fixture()
        let id = try await fixture.createCompleted()
        let now = fixture.time.now()
        let (first, second, wait) = fixture.emulator.state.withLock { state in
            (
                state.takeWebhooks(of: id, at: now), state.takeWebhooks(of: id, at: now),
                state.timeToEnd(of: id, at: now)
            )
        }
        #expect(first.count == 1)
        #expect(second.isEmpty)
        #expect(wait == nil)
    }

    @Test(arguments: ["forget", "expire"])
    func `a test can have a video forgotten or its content expire`(action: String) async throws {
        let fixture = try fixture()
        let id = try await fixture.createCompleted()
        _ = try await fixture.send(.post, "/emulator/videos/\(id)/\(action)")
        #expect(try await fixture.get("/v1/videos/\(id)/content").status == .notFound)
        let status = try await fixture.get("/v1/videos/\(id)").status
        #expect(status == (action == "forget" ? .notFound : .ok))
    }

    @Test func `neither the key nor a signature is in the log`() async throws {
        let fixture = try fixture { $0.apiKeys = ["sk-quiet"] }
        try await withSender(fixture) {
            _ = try await fixture.send(
                .post,
                "/v1/videos",
                fields: [
                    "Authorization": "Bearer sk-quiet", "Content-Type": "application/json",
                ],
                body: Array(#"{"prompt": "a"}"#.utf8)
            )
            await fixture.time.waitForSleepers()
            fixture.time.advance(by: .seconds(10))
            try await fixture.deliveries(1)
        }
        let log = try await fixture.get("/emulator/log").download().bytes
        let text = String(decoding: log, as: UTF8.self)
        #expect(!text.contains("sk-quiet"))
        #expect(!text.contains("v1,"))
        #expect(!text.contains("whsec_"))
    }
}

extension EmulatorFixture {
    /// Waits until that many deliveries are in the log.
    fileprivate func deliveries(_ count: Int) async throws {
        while try await log()["deliveries"]?.array?.count ?? 0 < count { await Task.yield() }
    }
}
