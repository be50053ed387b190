import ReelHTTP
import ReelHTTPClient
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct ProviderContentTests {
    static func request(
        _ variant: String = "video",
        offset: Int64 = 0,
        entityTag: String? = nil
    ) -> ContentRequest {
        ContentRequest(
            id: "video_1",
            variant: variant,
            offset: offset,
            entityTag: entityTag,
            byteCountMax: 1 << 20,
            totalTimeout: .seconds(60)
        )
    }

    private static func redirect(_ status: Int, _ location: String?) -> StubTransport.Answer {
        StubTransport.Answer(status, location.map { ["Location": $0] } ?? [:])
    }

    @Test(arguments: [
        ("video", "/v1/videos/video_1/content"),
        ("thumbnail", "/v1/videos/video_1/content?variant=thumbnail"),
        ("a&b", "/v1/videos/video_1/content?variant=a%26b"),
    ])
    func `a variant is asked for by its name`(_ variant: String, _ target: String) async throws {
        let fixture = try ProviderFixture(StubTransport.Answer(200, [:], [1, 2]))
        let stream = try await fixture.provider.content(Self.request(variant))
        #expect(try await stream.next() == [1, 2])
        #expect(try await stream.next() == nil)
        let sent = try #require(fixture.transport.requests.first)
        #expect(sent.url == "https://api.example.com" + target)
        #expect(!sent.fields.contains("Range"))
        #expect(!sent.fields.contains("Accept-Encoding"))
        #expect(sent.limits.bodyByteCountMax == 1 << 20)
    }

    @Test func `a part is asked for with its validator, and the answer shows which came`()
        async throws
    {
        for status in [200, 206] {
            let fixture = try ProviderFixture(StubTransport.Answer(status, [:], [1]))
            let stream = try await fixture.provider.content(
                Self.request(offset: 5, entityTag: "\"e\"")
            )
            #expect(stream.head.status.code == status)
            let sent = try #require(fixture.transport.requests.first)
            #expect(sent.fields["Range"] == "bytes=5-")
            #expect(sent.fields["If-Range"] == "\"e\"")
        }
        let bare = try ProviderFixture(StubTransport.Answer(200, [:], [1]))
        _ = try await bare.provider.content(Self.request(offset: 5))
        #expect(bare.transport.requests.first?.fields.contains("Range") == false)
    }

    @Test func `a part that nobody asked for is no answer`() async throws {
        let fixture = try ProviderFixture(StubTransport.Answer(206, [:], [1]))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request())
        }
        #expect(error?.kind == .unexpectedShape)
    }

    @Test(
        arguments: [
            ("text/html", "<html>", .notJSON), ("TEXT/HTML; charset=utf-8", "<html>", .notJSON),
            ("application/json", #"{"error":{"code":"x"}}"#, .unexpectedShape),
            ("application/problem+json", "{}", .unexpectedShape),
        ] as [(String, String, ProviderError.Kind)]
    )
    func `a page or an answer is no file`(
        _ type: String,
        _ body: String,
        _ kind: ProviderError.Kind
    ) async throws {
        let fixture = try ProviderFixture(
            StubTransport.Answer(200, ["Content-Type": type], Array(body.utf8))
        )
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request())
        }
        #expect(error?.kind == kind)
        #expect(error?.status == 200)
        #expect(error?.body == Array(body.utf8))
    }

    @Test(arguments: [202, 204])
    func `a file that is not made yet is told so`(_ status: Int) async throws {
        let fixture = try ProviderFixture(StubTransport.Answer(status, ["Retry-After": "4"]))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request())
        }
        #expect(error?.kind == .notReady)
        #expect(error?.retryAfter == .seconds(4))
    }

    @Test(arguments: [
        ("/b", "https://api.example.com/b"),
        ("b?c=d", "https://api.example.com/v1/videos/video_1/b?c=d"),
        ("?x=y", "https://api.example.com/v1/videos/video_1/content?x=y"),
        ("//cdn.example.net/b", "https://cdn.example.net/b"),
        ("https://cdn.example.net/b?sig=a%2Fb#t=1", "https://cdn.example.net/b?sig=a%2Fb"),
        ("HTTPS://api.example.com:443/b", "https://api.example.com/b"),
    ])
    func `a redirect is resolved`(_ location: String, _ url: String) async throws {
        let fixture = try ProviderFixture { _, index in
            index == 0 ? Self.redirect(302, location) : StubTransport.Answer(200, [:], [1])
        }
        let stream = try await fixture.provider.content(Self.request())
        #expect(try await stream.next() == [1])
        #expect(fixture.transport.requests.last?.url == url)
    }

    @Test func `what is ours goes to our provider's origin alone`() async throws {
        let locations = [
            "/two", "https://cdn.example.net/three", "https://api.example.com/four",
        ]
        let fixture = try ProviderFixture { _, index in
            index < locations.count
                ? Self.redirect(307, locations[index]) : StubTransport.Answer(206, [:], [1])
        }
        _ = try await fixture.provider.content(Self.request(offset: 1, entityTag: "\"e\""))
        let sent = fixture.transport.requests
        #expect(sent.map { $0.fields.contains("Authorization") } == [true, true, false, false])
        #expect(sent.map { $0.fields.contains("OpenAI-Project") } == [true, true, false, false])
        #expect(sent.allSatisfy { $0.fields["Range"] == "bytes=1-" })
        let own = DestinationPolicy.any
        let foreign = DestinationPolicy.publicAnd(networks: [])
        #expect(sent.map(\.destinations) == [own, own, foreign, foreign])
    }

    @Test(arguments: [
        "https://api.example.com:8443/x", "https://api.example.com.evil.net/x",
        "https://evil.net/api.example.com",
    ])
    func `another port or host is another origin`(_ location: String) async throws {
        let fixture = try ProviderFixture { _, index in
            index == 0 ? Self.redirect(301, location) : StubTransport.Answer(200, [:], [1])
        }
        _ = try await fixture.provider.content(Self.request())
        #expect(fixture.transport.requests[1].fields["Authorization"] == nil)
    }

    @Test(arguments: [
        "http://api.example.com/x", "http://cdn.example.net/x", "ftp://cdn.example.net/x",
        "file:///etc/passwd", "https://user:word@cdn.example.net/", "", "javascript:x", "https://",
    ])
    func `a redirect that lowers the guard is not followed`(_ location: String) async throws {
        let fixture = try ProviderFixture(Self.redirect(302, location))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request())
        }
        #expect(error?.kind == .redirected)
        #expect(fixture.transport.requests.count == 1)
    }

    @Test func `redirects end after five`() async throws {
        let fixture = try ProviderFixture(Self.redirect(302, "/again"))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request())
        }
        #expect(error?.kind == .redirected)
        #expect(fixture.transport.requests.count == 6)
        let lost = try ProviderFixture(Self.redirect(302, nil))
        await #expect(throws: ProviderError.self) {
            try await lost.provider.content(Self.request())
        }
    }

    @Test func `another origin's refusal does not speak of our key`() async throws {
        let fixture = try ProviderFixture { _, index in
            index == 0
                ? Self.redirect(302, "https://cdn.example.net/x") : StubTransport.Answer(401)
        }
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request())
        }
        #expect(error?.kind == .forbidden)
    }
}
