import ReelHTTP
import ReelHTTPClient
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct ProviderRetryTests {
    static let request = ContentRequest(
        id: "a",
        variant: "video",
        byteCountMax: 100,
        totalTimeout: .seconds(9)
    )

    @Test(arguments: [408, 409, 429, 500, 502, 503, 504])
    func `a GET is sent three times at most`(_ status: Int) async throws {
        let fixture = try ProviderFixture(.json(status, "{}"))
        await #expect(throws: ProviderError.self) { try await fixture.provider.retrieve("a") }
        #expect(fixture.transport.requests.count == 3)
        await #expect(throws: ProviderError.self) {
            try await fixture.provider.list(VideoPageRequest())
        }
        #expect(fixture.transport.requests.count == 6)
        await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(Self.request)
        }
        #expect(fixture.transport.requests.count == 9)
        #expect((0.375...0.5).contains(fixture.time.slept[0].inSeconds))
        #expect((0.75...1).contains(fixture.time.slept[1].inSeconds))
    }

    @Test(arguments: [400, 401, 402, 403, 404, 410, 413, 415, 416, 422, 301])
    func `a refusal that stays one is not repeated`(_ status: Int) async throws {
        let fixture = try ProviderFixture(.json(status, "{}"))
        await #expect(throws: ProviderError.self) { try await fixture.provider.retrieve("a") }
        #expect(fixture.transport.requests.count == 1)
    }

    @Test(
        arguments: [
            (.connectionFailed, 3), (.nameNotResolved, 3), (.interrupted, 3), (.timedOut, 3),
            (.cancelled, 1), (.destinationRefused, 1), (.tlsFailed, 1), (.tooLarge, 1),
        ] as [(HTTPClientError, Int)]
    )
    func `a fault of the network is repeated where that may help`(
        _ fault: HTTPClientError,
        _ count: Int
    ) async throws {
        let fixture = try ProviderFixture { _, _ throws(HTTPClientError) in throw fault }
        await #expect(throws: ProviderError.self) { try await fixture.provider.retrieve("a") }
        #expect(fixture.transport.requests.count == count)
    }

    @Test func `a success after faults is a success`() async throws {
        let fixture = try ProviderFixture { _, index in
            index < 2 ? .json(503, "{}") : .json(200, ProviderCallTests.video)
        }
        #expect(try await fixture.provider.retrieve("a").video.id == "video_1")
    }

    @Test(
        arguments: [
            (["Retry-After": "3"], [.seconds(3), .seconds(3)]),
            (
                ["retry-after-ms": "40", "Retry-After": "3"],
                [.milliseconds(40), .milliseconds(40)]
            ),
            (["Retry-After": "11"], []), (["x-should-retry": "false"], []),
        ] as [(HTTPFields, [Duration])]
    )
    func `the server's wish is honoured up to the bound`(
        _ fields: HTTPFields,
        _ waits: [Duration]
    ) async throws {
        let fixture = try ProviderFixture(.json(429, "{}", fields))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.retrieve("a")
        }
        #expect(fixture.time.slept == waits)
        #expect(error?.kind == .rateLimited)
        if waits.isEmpty, fields.contains("Retry-After") {
            #expect(error?.retryAfter == .seconds(11))
        }
    }

    @Test func `a used-up quota is not asked for again`() async throws {
        let fixture = try ProviderFixture(.json(429, #"{"error":{"code":"insufficient_quota"}}"#))
        await #expect(throws: ProviderError.self) { try await fixture.provider.retrieve("a") }
        #expect(fixture.transport.requests.count == 1)
    }
}
