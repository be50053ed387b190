import JournalConformance
import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HandlerContextTests {
    private let harness = DispatcherHarness()

    @Test func `a checkpoint reaches the next attempt of the step, and no other step`()
        async throws
    {
        let seen = Locked([String]())
        let fetch = harness.handler { _, context in
            seen.withLock { $0.append(String(decoding: context.checkpoint ?? [], as: UTF8.self)) }
            guard context.attempt == 1 else { return .done() }
            do {
                try await context.save(checkpoint: Array("offset 7".utf8))
            } catch {
                return .giveUp(Reason("not_saved"))
            }
            return .retry(Reason("cut"))
        }
        let store = harness.handler { _, context in
            .done(note: context.checkpoint == nil ? "none" : "some")
        }
        let sequence = try await run([Step("fetch", fetch), Step("store", store)])
        #expect(seen.withLock { $0 } == ["", "offset 7"])
        #expect(try await harness.steps(sequence).last?.note == "none")
    }

    @Test func `a checkpoint has a bound`() async throws {
        let handler = harness.handler { _, context in
            do {
                try await context.save(checkpoint: Array(repeating: 0, count: 101))
                return .done(note: "saved")
            } catch {
                return .done(note: "\(error)")
            }
        }
        let sequence = try await run(
            [Step("fetch", handler)],
            DispatcherConfiguration(checkpointByteCountMax: 100)
        )
        let note = try await harness.steps(sequence).first?.note
        #expect(note == "the checkpoint is larger than 100 bytes")
    }

    @Test func `a journal error reaches the handler as a code`() async throws {
        harness.driver.refuse { $0 == "saveCheckpoint" || $0 == "assets" ? .full : nil }
        let handler = harness.handler { _, context in
            var notes: [String] = []
            do { try await context.save(checkpoint: [1]) } catch { notes.append("\(error)") }
            do { _ = try await context.files() } catch { notes.append("\(error)") }
            return .done(note: notes.joined(separator: "; "))
        }
        let sequence = try await run([Step("fetch", handler)])
        let text = "the journal could not be used: full"
        #expect(try await harness.steps(sequence).first?.note == "\(text); \(text)")
    }

    @Test func `only stored files are told, by where they are`() async throws {
        let states: [(variant: String, state: AssetState, location: String?)] = [
            ("video", .stored, "v1/video.mp4"), ("thumbnail", .absent, nil),
            ("spritesheet", .fetched, nil),
        ]
        for (variant, state, location) in states {
            try await harness.memory.bring(
                AssetRecord(
                    provider: "openai",
                    videoID: "v1".videoID,
                    variant: variant,
                    state: state,
                    byteCount: 7,
                    sha256: "ab",
                    contentType: "video/mp4",
                    location: location,
                    updatedAt: Happened.start
                )
            )
        }
        let files = Locked([StoredFile]())
        let handler = harness.handler { _, context in
            let found = try? await context.files()
            files.withLock { $0 = found ?? [] }
            return .done()
        }
        _ = try await run([Step("notify", handler)])
        let found = files.withLock { $0 }
        #expect(found.map(\.location) == ["/data/v1/video.mp4"])
        #expect(found.map(\.byteCount) == [7])
    }

    private func run(
        _ steps: [Step],
        _ configuration: DispatcherConfiguration = DispatcherConfiguration()
    ) async throws -> Int64 {
        let sequence = try await harness.append(Happened.observed("v1"))
        let chain = Chain("files", on: [.videoCompleted], steps: steps)
        try await harness.running([harness.dispatcher([chain], configuration)]) {
            try await harness.until("the event is done") {
                try await harness.state(sequence) == .done
            }
        }
        return sequence
    }
}
