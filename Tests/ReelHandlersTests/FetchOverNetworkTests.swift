import ReelEvents
import ReelHTTPClient
import ReelHandlers
import ReelObservability
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct FetchOverNetworkTests {
    @Test func `a connection that is cut over and over still brings the whole file`() async throws {
        let harness = try await HandlerHarness()
        let bytes = try Fixture.bytes("media/valid/video.mp4")
        let server = try ScriptedServer { request in
            guard request.target.hasSuffix("/content") else {
                return [.json(200, #"{"id":"video_1","object":"video","status":"completed"}"#)]
            }
            let range = request["Range"].flatMap { text in
                text.split(separator: "=").last?.split(separator: "-").first
            }
            let start = range.flatMap { Int($0) } ?? 0
            guard start == 0 || request["If-Range"] == "\"tag\"" else { return [.close] }
            let rest = bytes[start...]
            var head = start == 0 ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 206 Partial Content\r\n"
            if start > 0 {
                head += "Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)\r\n"
            }
            head += "Content-Type: video/mp4\r\nETag: \"tag\"\r\n"
            head += "Content-Length: \(rest.count)\r\n\r\n"
            let piece = Array(rest.prefix(8000))
            let isLast = piece.count == rest.count
            return [.text(head), .send(piece)] + (isLast ? [] : [.close])
        }
        let client = HTTPClient()
        let baseURL = try ProviderBaseURL(server.url + "/v1")
        let provider = OpenAICompatibleProvider(
            name: "openai",
            baseURL: baseURL,
            access: ProviderAccess(key: nil),
            transport: client,
            time: SystemTimeSource(),
            random: SeededRandomSource(seed: 1),
            metrics: Metrics()
        )
        let handler = FetchHandler(
            providers: [provider],
            staging: harness.staging(),
            journal: harness.journal,
            variants: ["video"],
            time: harness.time,
            logger: harness.logger,
            metrics: harness.metrics
        )
        let outcome = await harness.run(handler)
        await client.stop()
        #expect(outcome.isDone)
        try await harness.expectFetched(bytes)
        let ranges = server.requests.filter { $0.target.hasSuffix("/content") }.map { $0["Range"] }
        #expect(ranges == [nil, "bytes=8000-", "bytes=16000-", "bytes=24000-"])
        server.stop()
    }
}
