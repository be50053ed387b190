import ReelEvents
import ReelHandlers
import ReelJSON
import ReelJournal
import TestSupport
import Testing

struct RunHandlerTests {
    private func handler(
        _ harness: HandlerHarness,
        _ script: String,
        environment: [String: String] = [:],
        timeLimit: Duration = .seconds(30),
        outputByteCountMax: Int = 4096
    ) -> RunHandler {
        RunHandler(
            command: ["/bin/sh", "-c", script],
            directory: harness.directory.path,
            environment: environment,
            timeLimit: timeLimit,
            outputByteCountMax: outputByteCountMax,
            journal: harness.journal,
            logger: harness.logger
        )
    }

    @Test func `a command gets the event on its standard input`() async throws {
        let harness = try await HandlerHarness()
        let outcome = await harness.run(handler(harness, "cat > event.json; echo it is done"))
        #expect(outcome == .done(note: "it is done"))
        let event = try JSONParser.parse(FileTree.read(harness.directory.file("event.json")))
        #expect(event["type"]?.string == "video.completed")
        #expect(event["data"]?["id"]?.string == "video_1")
    }

    @Test func `a command gets a small named environment and no other`() async throws {
        let harness = try await HandlerHarness()
        try await harness.driver.bring(
            AssetRecord(
                provider: "openai",
                videoID: harness.videoID,
                variant: "video",
                state: .stored,
                byteCount: 1,
                location: "video_1/video.mp4",
                updatedAt: harness.time.now()
            )
        )
        let handler = handler(harness, "env > env.txt", environment: ["WORD": "from the file"])
        #expect(await harness.run(handler, attempt: 3).isDone)
        let text = String(
            decoding: try FileTree.read(harness.directory.file("env.txt")),
            as: UTF8.self
        )
        let lines = Set(text.split(separator: "\n").map(String.init))
        let path = harness.directory.path + "/videos/video_1/video.mp4"
        let expected: Set<String> = [
            "PATH=/usr/local/bin:/usr/bin:/bin", "WORD=from the file",
            "REELHOOK_EVENT_TYPE=video.completed", "REELHOOK_VIDEO_ID=video_1",
            "REELHOOK_PROVIDER=openai", "REELHOOK_SEQUENCE=\(harness.event.sequence)",
            "REELHOOK_ATTEMPT=3", "REELHOOK_ID=msg_1", "REELHOOK_VIDEO_PATH=\(path)",
        ]
        #expect(lines.isSuperset(of: expected))
        // What the shell adds by itself.
        let names = lines.subtracting(expected).map { $0.prefix { $0 != "=" } }
        #expect(Set(names).isSubset(of: ["PWD", "SHLVL", "_", "OLDPWD"]))
    }

    @Test(arguments: [1, 75, 255])
    func `a command that fails is tried again with its last words`(_ status: Int) async throws {
        let harness = try await HandlerHarness()
        let script = "echo some; echo 'it went\twrong' >&2; exit \(status)"
        let outcome = await harness.run(handler(harness, script))
        let detail = "exit status \(status): it went wrong"
        #expect(outcome == .retry(Reason("command_failed", detail)))
    }

    @Test func `a command is ended at its limit`() async throws {
        let harness = try await HandlerHarness()
        let handler = handler(harness, "sleep 600 & sleep 600", timeLimit: .milliseconds(200))
        let outcome = await harness.run(handler)
        #expect(outcome.isRetry)
        #expect(outcome.code == "command_timed_out")
    }

    @Test func `a command that does not exist is told as one`() async throws {
        let harness = try await HandlerHarness()
        let handler = RunHandler(
            command: ["/nonexistent/program"],
            journal: harness.journal,
            logger: harness.logger
        )
        #expect(await harness.run(handler).code == "command_not_started")
    }

    @Test func `endless output is kept to a bound`() async throws {
        let harness = try await HandlerHarness()
        let script = "head -c 3000000 /dev/zero | tr '\\0' x; exit 3"
        let outcome = await harness.run(handler(harness, script))
        #expect(outcome.code == "command_failed")
    }
}
