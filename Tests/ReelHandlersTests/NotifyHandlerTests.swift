import ReelEvents
import ReelHTTP
import ReelHTTPClient
import ReelHandlers
import ReelJSON
import ReelJournal
import ReelObservability
import ReelRuntime
import ReelWebhooks
import TestSupport
import Testing

struct NotifyHandlerTests {
    private func store(_ harness: HandlerHarness) async throws {
        try await harness.driver.bring(
            AssetRecord(
                provider: "openai",
                videoID: harness.videoID,
                variant: "video",
                state: .stored,
                byteCount: 42,
                sha256: "abc",
                contentType: "video/mp4",
                location: "video_1/video.mp4",
                updatedAt: harness.time.now()
            )
        )
    }

    @Test func `a notification verifies and says where the files are`() async throws {
        let harness = try await HandlerHarness()
        try await store(harness)
        let transport = StubTransport.answering(204)
        let outcome = await harness.run(try harness.notifier(transport))
        #expect(outcome == .done(note: "HTTP status 204"))
        let request = try #require(transport.requests.first)
        #expect(request.method == .post)
        #expect(request.url == HandlerHarness.targetURL)
        #expect(request.destinations == .publicAnd(networks: ["10.0.0.0/8"]))
        #expect(request.limits.bodyByteCountMax == 65_536)
        let body = try #require(request.body)
        let verifier = WebhookVerifier(
            source: "test",
            secrets: [try WebhookSecret(parsing: HandlerHarness.targetSecret)]
        )
        let delivery = try verifier.verify(
            fields: request.fields,
            body: body,
            receivedAt: harness.time.now()
        )
        #expect(delivery.webhookID == "msg_1")

        let event = try JSONParser.parse(body)
        #expect(event["object"]?.string == "event")
        #expect(event["type"]?.string == "video.completed")
        #expect(event["id"]?.string == harness.event.id)
        #expect(event["created_at"]?.integer == 1_795_251_500)
        let data = try #require(event["data"])
        #expect(data["id"]?.string == "video_1")
        #expect(data["provider"]?.string == "openai")
        #expect(data["status"]?.string == "completed")
        let file = try #require(data["files"]?.array?.first)
        #expect(file["variant"]?.string == "video")
        #expect(file["location"]?.string?.hasSuffix("/videos/video_1/video.mp4") == true)
        #expect(file["bytes"]?.integer == 42)
        #expect(file["sha256"]?.string == "abc")
    }

    @Test func `a failed video is announced with its error`() async throws {
        let harness = try await HandlerHarness(type: .failed)
        var update = JobUpdate(
            provider: "openai",
            id: harness.videoID,
            origin: .event,
            moment: harness.time.now()
        )
        update.state = .failed
        update.object = Array(#"{"id":"video_1","model":"m","error":{"code":"blocked"}}"#.utf8)
        _ = try await harness.driver.record(update)
        let transport = StubTransport.answering(200)
        #expect(await harness.run(try harness.notifier(transport)).isDone)
        let data = try JSONParser.parse(transport.requests.first?.body ?? [])["data"]
        #expect(data?["status"]?.string == "failed")
        #expect(data?["error"]?["code"]?.string == "blocked")
        #expect(data?["model"]?.string == "m")
        #expect(data?["files"]?.array?.isEmpty == true)
    }

    @Test func `every attempt has the same id and body and its own timestamp`() async throws {
        let harness = try await HandlerHarness()
        let transport = StubTransport.answering(500)
        let handler = try harness.notifier(transport)
        #expect(await harness.run(handler).isRetry)
        harness.time.advance(by: .seconds(30))
        #expect(await harness.run(handler, attempt: 2).isRetry)
        let requests = transport.requests
        #expect(requests.map { $0.fields["webhook-id"] } == ["msg_1", "msg_1"])
        #expect(requests[0].body == requests[1].body)
        let moments = requests.compactMap { $0.fields["webhook-timestamp"].flatMap { Int64($0) } }
        #expect(moments.count == 2)
        #expect(moments[1] - moments[0] == 30)
    }

    @Test(arguments: [
        (301, "target_redirects"), (308, "target_redirects"), (400, "target_refused"),
        (401, "target_refused"), (404, "target_refused"), (500, "target_failed"),
        (502, "target_busy"), (504, "target_busy"), (429, "target_busy"), (503, "target_busy"),
    ])
    func `an answer that is no 2xx is tried again`(_ status: Int, _ code: String) async throws {
        let harness = try await HandlerHarness()
        let location: HTTPFields = ["Location": "https://example.com/elsewhere"]
        let transport = StubTransport.answering(status, location)
        let outcome = await harness.run(try harness.notifier(transport))
        let reason = Reason(code, "HTTP status \(status)")
        let isOutage = status == 429 || status >= 500
        #expect(outcome == (isOutage ? .unavailable(reason) : .retry(reason)))
        #expect(transport.requests.count == 1)
    }

    @Test func `a target that is gone is given up`() async throws {
        let harness = try await HandlerHarness()
        let outcome = await harness.run(try harness.notifier(StubTransport.answering(410)))
        #expect(outcome == .giveUp(Reason("target_gone", "HTTP status 410")))
    }

    @Test(arguments: [
        ("17", Duration.seconds(17)), ("0", .zero), ("soon", nil), ("-5", nil),
        ("Sat, 21 Nov 2026 09:00:40 GMT", .seconds(40)),
        ("Sat, 21 Nov 2026 08:00:00 GMT", .zero),
    ])
    func `Retry-After is honoured`(_ text: String, _ wait: Duration?) async throws {
        let harness = try await HandlerHarness()
        harness.time.setWall(to: try #require(Timestamp(rfc3339: "2026-11-21T09:00:00Z")))
        for status in [400, 429, 500, 503] {
            let transport = StubTransport.answering(status, ["Retry-After": text])
            let outcome = await harness.run(try harness.notifier(transport))
            #expect(outcome.wait == wait)
            #expect(outcome.isRetry)
        }
    }

    @Test(arguments: [
        (HTTPClientError.timedOut, false), (.connectionFailed, false), (.tlsFailed, false),
        (.nameNotResolved, false), (.destinationRefused, true), (.invalidURL, true),
    ])
    func `a target that is not reached is tried again, one that may not be is not`(
        _ error: HTTPClientError,
        _ isGivenUp: Bool
    ) async throws {
        let harness = try await HandlerHarness()
        let transport = StubTransport { _, _ throws(HTTPClientError) in throw error }
        let outcome = await harness.run(try harness.notifier(transport))
        #expect(outcome.code == "target_" + error.code)
        #expect(outcome.isGivenUp == isGivenUp)
    }

    @Test func `an endless answer is read to a bound`() async throws {
        let harness = try await HandlerHarness()
        let transport = StubTransport { _, _ throws(HTTPClientError) in
            var answer = StubTransport.Answer(200, failure: .tooLarge)
            answer.pieces = Array(repeating: Array(repeating: 0, count: 16_384), count: 100)
            return answer
        }
        #expect(await harness.run(try harness.notifier(transport)).isDone)
    }

    @Test func `an unsigned notification has an id and no signature`() async throws {
        let harness = try await HandlerHarness()
        let transport = StubTransport.answering(200)
        let outcome = await harness.run(try harness.notifier(transport, isSigned: false))
        #expect(outcome.isDone)
        let fields = try #require(transport.requests.first?.fields)
        #expect(fields["webhook-id"] == "msg_1")
        #expect(fields["webhook-signature"] == nil)
    }

    @Test func `no URL and no secret is in a reason or a log line`() async throws {
        let harness = try await HandlerHarness()
        for status in [301, 410, 500, 503] {
            let outcome = await harness.run(try harness.notifier(StubTransport.answering(status)))
            let words = "\(outcome) \(harness.sink.records)"
            #expect(!words.contains("s3cret") && !words.contains("example.com"))
            #expect(!words.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        }
        #expect(!harness.sink.records.isEmpty)
    }

    @Test func `a journal that cannot be read is tried again`() async throws {
        let harness = try await HandlerHarness()
        harness.context.breakDown()
        let transport = StubTransport.answering(200)
        let outcome = await harness.run(try harness.notifier(transport))
        #expect(outcome.code == "journal_refused")
        #expect(outcome.wait == .seconds(3) && !outcome.isRetry)
        #expect(transport.requests.isEmpty)
    }
}
