import ReelHTTP
import ReelHTTPClient
import ReelJSON
import ReelObservability
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct ProviderCallTests {
    static let video = #"{"id":"video_1","object":"video","status":"queued","extra":{"a":1}}"#

    @Test(arguments: [
        "https://api.example.com/v1", "https://api.example.com/v1/", "http://127.0.0.1:8000/v1//",
        "https://res.openai.azure.com/openai/v1/",
    ])
    func `a base URL ends in its version`(_ text: String) throws {
        _ = try ProviderBaseURL(text)
    }

    @Test(
        arguments: [
            ("", .notAbsolute), ("api.example.com/v1", .notAbsolute),
            ("ftp://api.example.com/v1", .notAbsolute),
            ("https://user:word@api.example.com/v1", .notAbsolute),
            ("https://api.example.com/v1#x", .notAbsolute),
            ("https://api.example.com/v1?key=secret", .query),
            ("https://api.example.com", .noVersion), ("https://api.example.com/", .noVersion),
            ("https://api.example.com/v1/videos", .noVersion),
            ("https://api.example.com/v12", .noVersion),
        ] as [(String, ProviderBaseURL.Fault)]
    )
    func `what is no base URL is told so`(_ text: String, _ fault: ProviderBaseURL.Fault) {
        #expect(throws: fault) { try ProviderBaseURL(text) }
    }

    @Test(arguments: ["sk-1", " sk-1\n", "sk-1\r\n"])
    func `white space around a key is not part of it`(_ text: String) async throws {
        let transport = StubTransport { _, _ in .json(200, Self.video) }
        let provider = OpenAICompatibleProvider(
            name: "p",
            baseURL: try ProviderBaseURL("http://h/v1"),
            access: ProviderAccess(key: APIKey(text)),
            transport: transport,
            time: ImmediateTime(),
            random: SeededRandomSource(seed: 1),
            metrics: .init()
        )
        _ = try await provider.retrieve("a")
        #expect(transport.requests[0].fields["Authorization"] == "Bearer sk-1")
    }

    @Test(arguments: ["", " ", "a b", "a\nb", "a\u{e9}", String(repeating: "a", count: 4097)])
    func `what could not be sent as a key is none`(_ text: String) {
        #expect(APIKey(text) == nil)
    }

    @Test func `a key shows itself nowhere`() throws {
        let key = try #require(APIKey("sk-secret"))
        let access = ProviderAccess(key: key)
        var dumped = ""
        dump(access, to: &dumped)
        dump(key, to: &dumped)
        for text in ["\(key)", "\(access)", String(reflecting: key), dumped] {
            #expect(!text.contains("sk-secret"))
        }
    }

    @Test func `a create goes through byte for byte and once`() async throws {
        let fixture = try ProviderFixture(.json(200, Self.video))
        let body: [UInt8] = [0x2D, 0x2D, 0, 255, 13, 10]
        let type = "multipart/form-data; boundary=x"
        let video = try await fixture.provider.create(VideoCreation(contentType: type, body: body))
        #expect(video.id == "video_1")
        #expect(video.json["extra"]?["a"]?.integer == 1)
        let request = try #require(fixture.transport.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "https://api.example.com/v1/videos")
        #expect(request.body == body)
        #expect(request.fields["Content-Type"] == type)
        #expect(request.fields["Authorization"] == "Bearer \(ProviderFixture.key)")
        #expect(request.fields["OpenAI-Organization"] == "org-1")
        #expect(request.fields["OpenAI-Project"] == "proj-1")
        #expect(!request.mayBeSentAgain)
    }

    @Test(arguments: [408, 409, 429, 500, 502, 503])
    func `a create, a remix and a deletion are never repeated`(_ status: Int) async throws {
        let fixture = try ProviderFixture(.json(status, "{}", ["x-should-retry": "true"]))
        let creation = VideoCreation(contentType: "application/json", body: [])
        await #expect(throws: ProviderError.self) { try await fixture.provider.create(creation) }
        await #expect(throws: ProviderError.self) {
            try await fixture.provider.remix("a", creation)
        }
        await #expect(throws: ProviderError.self) { try await fixture.provider.delete("a") }
        #expect(fixture.transport.requests.count == 3)
    }

    @Test(arguments: [
        ("video_1", "video_1"), ("a/b c", "a%2Fb%20c"), ("..%2f", "..%252f"),
        ("\u{e9}?#", "%C3%A9%3F%23"),
    ])
    func `an id is one segment of the path`(_ id: String, _ segment: String) async throws {
        let fixture = try ProviderFixture(.json(200, Self.video))
        _ = try await fixture.provider.retrieve(id)
        _ = try await fixture.provider.remix(id, VideoCreation(contentType: "x/y", body: []))
        let base = "https://api.example.com/v1/videos/\(segment)"
        #expect(fixture.transport.requests.map(\.url) == [base, base + "/remix"])
    }

    @Test(arguments: ["", ".", ".."])
    func `an id that would lead to another path is refused`(_ id: String) async throws {
        let fixture = try ProviderFixture(.json(200, Self.video))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.retrieve(id)
        }
        #expect(error?.kind == .invalidRequest)
        #expect(fixture.transport.requests.isEmpty)
    }

    @Test(
        arguments: [
            ([:], nil), (["openai-poll-after-ms": "2500"], .milliseconds(2500)),
            (["openai-poll-after-ms": "0", "Retry-After": "3"], .seconds(3)),
            (["openai-poll-after-ms": "x"], nil), (["openai-poll-after-ms": "-5"], nil),
            (["Retry-After": "7"], .seconds(7)), (["Retry-After": "0.5"], .milliseconds(500)),
            (["retry-after-ms": "10", "Retry-After": "7"], .milliseconds(10)),
            (["openai-poll-after-ms": "99999999999999999999"], .seconds(86_400)),
            (["Retry-After": "1e3"], nil), (["Retry-After": "inf"], nil),
        ] as [(HTTPFields, Duration?)]
    )
    func `a wish for the next poll is read`(_ fields: HTTPFields, _ wait: Duration?) async throws {
        let fixture = try ProviderFixture(.json(200, Self.video, fields))
        #expect(try await fixture.provider.retrieve("a").pollAfter == wait)
    }

    @Test func `a date as a wish is a span from now`() async throws {
        let time = ImmediateTime()
        let fields: HTTPFields = ["Retry-After": (time.now() + .seconds(90)).httpDate]
        let fixture = try ProviderFixture(.json(200, Self.video, fields))
        #expect(try await fixture.provider.retrieve("a").pollAfter == .seconds(90))
        let past: HTTPFields = ["Retry-After": (time.now() - .seconds(90)).httpDate]
        let late = try ProviderFixture(.json(200, Self.video, past))
        #expect(try await late.provider.retrieve("a").pollAfter == nil)
    }

    @Test(
        arguments: [
            (#"{"data":[],"has_more":true,"last_id":"x"}"#, [], nil),
            (#"{"data":[{"id":"a"},{"id":"b"}],"has_more":true,"last_id":"c"}"#, ["a", "b"], "c"),
            (#"{"data":[{"id":"a"},{"id":"b"}],"has_more":true}"#, ["a", "b"], "b"),
            (#"{"data":[{"id":"a"}],"has_more":true,"last_id":""}"#, ["a"], "a"),
            (#"{"data":[{"id":"a"}],"has_more":true,"last_id":null}"#, ["a"], "a"),
            (#"{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}"#, ["a"], nil),
            (#"{"data":[{"id":"a"}],"last_id":"a"}"#, ["a"], "a"),
            (#"{"data":[{"id":"a"}]}"#, ["a"], nil),
            (#"{"data":[{"id":"q"}],"has_more":true,"last_id":"before"}"#, ["q"], nil),
            (#"{"data":[{"no":1},7,null,{"id":"a"}],"has_more":false}"#, ["a"], nil),
            (#"[{"id":"a"}]"#, ["a"], nil),
        ] as [(String, [String], String?)]
    )
    func `a page says where the next one begins`(
        _ json: String,
        _ ids: [String],
        _ next: String?
    ) async throws {
        let fixture = try ProviderFixture(.json(200, json))
        let page = try await fixture.provider.list(
            VideoPageRequest(after: "before", limit: 20, order: "asc")
        )
        #expect(page.videos.map(\.id) == ids)
        #expect(page.next == next)
        let url = "https://api.example.com/v1/videos?after=before&limit=20&order=asc"
        #expect(fixture.transport.requests.map(\.url) == [url])
    }

    @Test func `a deletion without a body is answered for the provider`() async throws {
        let fixture = try ProviderFixture(StubTransport.Answer(204))
        let json = try await fixture.provider.delete("a")
        #expect(json["deleted"]?.bool == true)
        #expect(json["id"]?.string == "a")
        #expect(json["object"]?.string == "video.deleted")
    }

    @Test func `calls beyond the bound wait, and beyond that are refused`() async throws {
        var limits = ProviderLimits()
        limits.callCountMax = 2
        limits.waitingCountMax = 1
        let (arrivals, arrival) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .unbounded)
        let (permits, permit) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .unbounded)
        let turnstile = Turnstile(permits)
        let fixture = try ProviderFixture(limits: limits) { _, index in
            arrival.yield(index)
            await turnstile.pass()
            return .json(200, Self.video)
        }
        let provider = fixture.provider
        try await withThrowingTaskGroup(of: Bool.self) { group in
            var iterator = arrivals.makeAsyncIterator()
            for _ in 0..<2 {
                group.addTask {
                    _ = try await provider.retrieve("a"); return true
                }
            }
            for _ in 0..<2 { _ = await iterator.next() }
            // One of these waits, and the other is refused (a list is not repeated after that).
            for _ in 0..<2 {
                group.addTask {
                    do {
                        _ = try await provider.retrieve("b")
                        return true
                    } catch {
                        #expect((error as? ProviderError)?.kind == .overloaded)
                        return false
                    }
                }
            }
            let first = try await group.next()
            #expect(first == false)
            for _ in 0..<3 { permit.yield() }
            for try await isServed in group { #expect(isServed) }
        }
        #expect(fixture.transport.requests.count == 3)
    }
}

/// Lets one caller through for each permit.
private actor Turnstile {
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var permitCount = 0

    init(_ permits: AsyncStream<Void>) {
        Task { for await _ in permits { await self.permit() } }
    }

    private func permit() {
        if waiters.isEmpty {
            permitCount += 1
        } else {
            waiters.removeFirst().resume()
        }
    }

    func pass() async {
        guard permitCount == 0 else {
            permitCount -= 1
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }
}
