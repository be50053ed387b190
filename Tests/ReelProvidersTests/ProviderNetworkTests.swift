import ReelHTTP
import ReelHTTPClient
import ReelJSON
import ReelProviders
import TestSupport
import Testing

/// The provider over real sockets.
struct ProviderNetworkTests {
    static let request = ContentRequest(
        id: "video_1",
        variant: "video",
        byteCountMax: 1 << 20,
        totalTimeout: .seconds(60)
    )
    static let half = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 10\r\n\r\n01234"

    @Test func `a cut file goes on where it was cut`() async throws {
        let server = try ScriptedServer { request in
            guard request["Range"] == "bytes=5-", request["If-Range"] == "\"e\"" else {
                return [.text(Self.half), .reset]
            }
            return [
                .text("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\n"),
                .text("Content-Length: 5\r\n\r\n56789"),
            ]
        }
        let client = HTTPClient()
        let provider = try ProviderFixture.connected(to: server, client: client)
        let cut = try await provider.content(Self.request)
        var content: [UInt8] = []
        await #expect(throws: HTTPClientError.interrupted) {
            while let bytes = try await cut.next() { content += bytes }
        }
        let rest = try await provider.content(
            ContentRequest(
                id: "video_1",
                variant: "video",
                offset: 5,
                entityTag: cut.head.fields["ETag"],
                byteCountMax: 1 << 20,
                totalTimeout: .seconds(60)
            )
        )
        #expect(rest.head.status == .partialContent)
        #expect(rest.head.fields["Content-Range"] == "bytes 5-9/10")
        var tail: [UInt8] = []
        while let bytes = try await rest.next() { tail += bytes }
        #expect(tail == Array("56789".utf8))
        #expect(Array("01234".utf8).starts(with: content))
    }

    @Test func `a file that stalls is cut`() async throws {
        let server = try ScriptedServer { _ in [.text(Self.half), .stall] }
        let client = HTTPClient()
        var limits = ProviderLimits()
        limits.stallTimeout = .milliseconds(150)
        let provider = try ProviderFixture.connected(to: server, client: client, limits: limits)
        let stream = try await provider.content(Self.request)
        await #expect(throws: HTTPClientError.timedOut) {
            while try await stream.next() != nil {}
        }
    }

    @Test func `a key does not follow a redirect to another server`() async throws {
        let store = try ScriptedServer { _ in [.respond(200, [], [7])] }
        let location = store.url + "/file?sig=abc"
        let server = try ScriptedServer { _ in [.respond(302, [("Location", location)])] }
        let client = HTTPClient()
        let guarded = try ProviderFixture.connected(to: server, client: client)
        let error = await #expect(throws: ProviderError.self) {
            try await guarded.content(Self.request)
        }
        #expect(error?.kind == .destinationRefused)
        #expect(store.connectionCount == 0)
        var limits = ProviderLimits()
        limits.redirectDestinations = .publicAnd(networks: ["127.0.0.0/8"])
        let provider = try ProviderFixture.connected(to: server, client: client, limits: limits)
        let stream = try await provider.content(Self.request)
        #expect(try await stream.next() == [7])
        #expect(server.requests.last?["Authorization"] == "Bearer \(ProviderFixture.key)")
        let seen = try #require(store.requests.first)
        #expect(seen.target == "/file?sig=abc")
        #expect(seen.fields.allSatisfy { !$0.value.contains(ProviderFixture.key) })
    }

    @Test func `HTML with status 200 is no video and no answer`() async throws {
        let server = try ScriptedServer { _ in
            [.respond(200, [("Content-Type", "text/html")], Array("<html>sign in".utf8))]
        }
        let client = HTTPClient()
        let provider = try ProviderFixture.connected(to: server, client: client)
        let status = await #expect(throws: ProviderError.self) {
            try await provider.retrieve("video_1")
        }
        #expect(status?.kind == .notJSON)
        let content = await #expect(throws: ProviderError.self) {
            try await provider.content(Self.request)
        }
        #expect(content?.kind == .notJSON)
    }

    @Test func `a create that is cut off is not sent again`() async throws {
        let server = try ScriptedServer { request in
            request.index == 0 ? [.json(200, ProviderCallTests.video)] : [.close]
        }
        let client = HTTPClient()
        let provider = try ProviderFixture.connected(to: server, client: client)
        // The first answer leaves a connection open, which the second request could be tried on.
        _ = try await provider.retrieve("video_1")
        let error = await #expect(throws: ProviderError.self) {
            try await provider.create(VideoCreation(contentType: "a/b", body: [1]))
        }
        #expect(error?.kind == .interrupted)
        #expect(server.requests.count == 2)
    }

    @Test func `answers and pages come over the wire`() async throws {
        let server = try ScriptedServer { request in
            switch (request.method, request.target) {
            case ("GET", "/v1/videos?limit=1"):
                [.json(200, #"{"object":"list","data":[{"id":"a"}],"has_more":true}"#)]
            case ("DELETE", "/v1/videos/a"): [.text("HTTP/1.1 204 No Content\r\n\r\n")]
            default: [.json(404, #"{"error":{"code":null,"message":"no such video"}}"#)]
            }
        }
        let client = HTTPClient()
        let provider = try ProviderFixture.connected(to: server, client: client)
        #expect(try await provider.list(VideoPageRequest(limit: 1)).next == "a")
        #expect(try await provider.delete("a")["deleted"]?.bool == true)
        let error = await #expect(throws: ProviderError.self) {
            try await provider.retrieve("b")
        }
        #expect(error?.kind == .notFound)
    }
}
