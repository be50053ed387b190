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

struct NotifyShapeTests {
    private func body(
        _ harness: HandlerHarness,
        _ shape: NotifyShape
    ) async throws -> JSONValue {
        let transport = StubTransport.answering(200)
        let outcome = await harness.run(try harness.notifier(transport) { $0.shape = shape })
        #expect(outcome.isDone)
        return try JSONParser.parse(transport.requests.first?.body ?? [])
    }

    private func remember(_ harness: HandlerHarness, _ object: String) async throws {
        var update = JobUpdate(
            provider: "openai",
            id: harness.videoID,
            origin: .event,
            moment: harness.time.now()
        )
        update.object = Array(object.utf8)
        update.state = .failed
        _ = try await harness.driver.record(update)
    }

    @Test(arguments: [(TerminalState.completed, "video.completed"), (.failed, "video.failed")])
    func `the shape of OpenAI has nothing but what OpenAI sends`(
        _ terminal: TerminalState,
        _ type: String
    ) async throws {
        let harness = try await HandlerHarness(type: terminal)
        let found = try await body(harness, .openAI)
        #expect(
            found.object?.members.map(\.name) == ["id", "object", "created_at", "type", "data"]
        )
        #expect(found["id"]?.string == harness.event.id)
        #expect(found["object"]?.string == "event")
        #expect(found["created_at"]?.integer == 1_795_251_500)
        #expect(found["type"]?.string == type)
        #expect(found["data"] == ["id": "video_1"])
    }

    @Test func `a chat is told in one line, and nobody is mentioned`() async throws {
        let harness = try await HandlerHarness(type: .failed)
        try await remember(harness, #"{"id":"video_1","error":{"code":"moderation_blocked"}}"#)
        let line = JSONValue.string("Video video_1 failed: moderation_blocked")
        #expect(try await body(harness, .slack) == ["text": line, "mrkdwn": false])
        #expect(
            try await body(harness, .discord)
                == ["content": line, "allowed_mentions": ["parse": .array([])]]
        )
    }

    @Test func `a template is filled once and what it holds stays JSON`() async throws {
        let harness = try await HandlerHarness(type: .failed)
        try await remember(
            harness,
            #"{"id":"video_1","model":"m","prompt":"a \"{video_id}\" \\ {","seconds":"4"}"#
        )
        let template: JSONValue = [
            "blocks": .array(["{prompt}", 7, .null, ["{video_id}": "{model}/{nothing} {seconds"]]),
            "text": "{video_id}{status}",
        ]
        #expect(
            try await body(harness, .template(template)) == [
                "blocks": .array([
                    #"a "{video_id}" \ {"#, 7, .null, ["{video_id}": "m/{nothing} {seconds"],
                ]),
                "text": "video_1failed",
            ]
        )
    }

    @Test func `names that nothing stands for are found`() {
        let template: JSONValue = [
            "text": "{video_id} {vidio} {} {Not a name} {status", "more": .array(["{statuss}"]),
        ]
        #expect(NotifyShape.unknownNames(in: template) == ["vidio", "statuss"])
    }

    @Test(
        arguments: [
            (["video.failed"], [], [], false), (["video.completed"], ["openai"], [], true),
            ([], ["other"], [], false), ([], [], ["sora-2"], false), ([], [], [], true),
        ] as [([String], [String], [String], Bool)]
    )
    func `what a target does not want is done without it`(
        _ types: [String],
        _ providers: [String],
        _ models: [String],
        _ isWanted: Bool
    ) async throws {
        let harness = try await HandlerHarness()
        let transport = StubTransport.answering(200)
        let handler = try harness.notifier(transport) {
            $0.filter.types = Set(types)
            $0.filter.providers = Set(providers)
            $0.filter.models = Set(models)
        }
        #expect(await harness.run(handler).isDone)
        #expect(transport.requests.count == (isWanted ? 1 : 0))
    }

    @Test func `a receiver that is out is what the step waits for, whatever its waits`()
        async throws
    {
        let harness = try await HandlerHarness()
        let transport = StubTransport.answering(503, ["Retry-After": "600"])
        let handler = try harness.notifier(transport)
        #expect(await harness.run(handler).isOutage)
        #expect(await harness.run(handler).wait == .seconds(600))
        let target = try #require(handler.target(of: harness.event))
        #expect(target.hasPrefix("notify:") && !target.contains("/hook"))
        #expect(!harness.context.hasLeftTargetAlone)
    }

    @Test func `what asks the receiver nothing says nothing of it`() async throws {
        let harness = try await HandlerHarness()
        let handler = try harness.notifier(StubTransport.answering(200)) {
            $0.filter.types = ["video.failed"]
        }
        #expect(await harness.run(handler).isDone)
        #expect(harness.context.hasLeftTargetAlone)
    }

    @Test func `a target that said 410 is told nothing more, and that is said once`()
        async throws
    {
        let harness = try await HandlerHarness()
        let transport = StubTransport.answering(410)
        let handler = try harness.notifier(transport)
        #expect(await harness.run(handler).code == "target_gone")
        let second = await harness.run(handler)
        #expect(second.isGivenUp && second.code == "target_disabled")
        // Another step that tells the same target knows it too.
        #expect(await harness.run(try harness.notifier(transport)).code == "target_disabled")
        #expect(transport.requests.count == 1)
        #expect(harness.sink.records.filter { $0.level == .error }.count == 1)
    }
}
