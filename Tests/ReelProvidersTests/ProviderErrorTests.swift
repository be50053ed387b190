import ReelHTTP
import ReelHTTPClient
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

struct ProviderErrorTests {
    /// A refusal: the status, the members of `error`, and the kind.
    static let refusals: [(Int, String, ProviderError.Kind)] = [
        (
            400, #""code":"invalid_type","param":"seconds","type":"invalid_request_error""#,
            .invalidRequest
        ),
        (400, #""code":"invalid_value","param":"size""#, .unsupportedValue),
        (400, #""code":"invalid_value","param":"model""#, .unsupportedValue),
        (400, #""code":null,"param":"model""#, .modelNotFound),
        (400, #""code":"unsupported_value""#, .unsupportedValue),
        (400, #""code":null,"type":"invalid_request_error""#, .invalidRequest),
        (400, #""code":"moderation_blocked""#, .contentPolicy),
        (400, #""code":"content_policy_violation","type":"x""#, .contentPolicy),
        (400, #""code":null,"type":"content_filter""#, .contentPolicy),
        (400, #""code":"video_not_ready""#, .notReady),
        (400, #""code":400,"type":"BadRequestError""#, .invalidRequest),
        (400, #""message":"blocked by moderation_blocked, model not found""#, .invalidRequest),
        (401, #""code":"invalid_api_key""#, .unauthorized),
        (401, #""code":"model_not_found""#, .unauthorized),
        (402, "", .billing),
        (403, "", .forbidden),
        (403, #""code":"insufficient_user_quota""#, .quotaExceeded),
        (403, #""code":"model_not_found""#, .modelNotFound),
        (404, #""code":null,"type":"invalid_request_error""#, .notFound),
        (404, #""code":"model_not_found""#, .modelNotFound),
        (404, #""code":null,"param":"model""#, .modelNotFound),
        (405, "", .unsupportedValue),
        (408, "", .timedOut),
        (409, "", .conflict),
        (410, #""code":"not_found""#, .expired),
        (413, #""code":"invalid_value""#, .tooLarge),
        (415, "", .unsupportedEncoding),
        (416, "", .invalidRequest),
        (422, "", .invalidRequest),
        (422, #""code":"content_policy_violation""#, .contentPolicy),
        (425, "", .notReady),
        (429, "", .rateLimited),
        (429, #""code":"rate_limit_exceeded""#, .rateLimited),
        (429, #""code":"insufficient_quota","type":"insufficient_quota""#, .quotaExceeded),
        (429, #""code":"billing_hard_limit_reached""#, .billing),
        (500, "", .serverError),
        (500, #""type":"overloaded_error""#, .overloaded),
        (501, "", .unsupportedValue),
        (502, "", .gatewayError),
        (503, "", .overloaded),
        (504, "", .gatewayError),
        (522, "", .gatewayError),
        (529, "", .overloaded),
        (301, "", .redirected),
        (302, "", .redirected),
    ]

    @Test(arguments: refusals)
    func `the status and the code decide`(
        _ status: Int,
        _ members: String,
        _ kind: ProviderError.Kind
    ) async throws {
        let body = "{\"error\":{\(members)}}"
        let fixture = try ProviderFixture(.json(status, body))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.create(VideoCreation(contentType: "a/b", body: []))
        }
        #expect(error?.kind == kind)
        #expect(error?.status == status)
        #expect(error?.body == Array(body.utf8))
        let content = await #expect(throws: ProviderError.self) {
            try await fixture.provider.content(
                ContentRequest(
                    id: "a",
                    variant: "video",
                    byteCountMax: 9,
                    totalTimeout: .seconds(9)
                )
            )
        }
        #expect(content?.kind == kind)
    }

    @Test(arguments: [
        (500, ProviderError.Kind.gatewayError), (502, .gatewayError), (503, .gatewayError),
        (504, .gatewayError), (200, .notJSON), (404, .notFound), (403, .forbidden),
    ])
    func `a page for people is told from an answer`(
        _ status: Int,
        _ kind: ProviderError.Kind
    ) async throws {
        let page = Array("\n <html><title>sk-oops</title></html>".utf8)
        for fields: HTTPFields in [["Content-Type": "text/html; charset=utf-8"], [:]] {
            let fixture = try ProviderFixture(StubTransport.Answer(status, fields, page))
            let error = await #expect(throws: ProviderError.self) {
                try await fixture.provider.create(VideoCreation(contentType: "a/b", body: []))
            }
            #expect(error?.kind == kind)
            #expect(error?.providerCode == nil)
        }
    }

    @Test(arguments: [
        "{}", "[]", "null", #"{"id":""}"#, #"{"id":7}"#, #"{"error":{"code":"x"}}"#,
        #"{"data":{}}"#,
    ])
    func `JSON of another shape is told so`(_ json: String) async throws {
        let fixture = try ProviderFixture(.json(200, json))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.retrieve("a")
        }
        #expect(error?.kind == .unexpectedShape)
        #expect(fixture.transport.requests.count == 1)
    }

    @Test(arguments: ["", "{", "<html>", "{\"id\":\"a\"} x", "\u{feff}"])
    func `what is no JSON is told so`(_ text: String) async throws {
        let fixture = try ProviderFixture(.json(200, text))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.retrieve("a")
        }
        #expect(error?.kind == .notJSON)
    }

    @Test(arguments: [
        (HTTPClientError.nameNotResolved, ProviderError.Kind.unreachable),
        (.connectionFailed, .unreachable), (.transport(code: 4), .unreachable),
        (.destinationRefused, .destinationRefused), (.tlsFailed, .tls), (.timedOut, .timedOut),
        (.interrupted, .interrupted), (.malformedResponse, .unexpectedShape),
        (.tooLarge, .tooLarge), (.cancelled, .cancelled), (.overloaded, .overloaded),
        (.invalidURL, .invalidRequest),
    ])
    func `a fault of the network keeps its kind`(
        _ fault: HTTPClientError,
        _ kind: ProviderError.Kind
    ) async throws {
        let fixture = try ProviderFixture { _, _ throws(HTTPClientError) in throw fault }
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.create(VideoCreation(contentType: "a/b", body: []))
        }
        #expect(error?.kind == kind)
        #expect(error?.status == nil)
    }

    @Test func `a code that is no plain word is not repeated`() async throws {
        let json = #"{"error":{"code":"key sk-1 is bad\n","type":"server_error"}}"#
        let fixture = try ProviderFixture(.json(400, json))
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.create(VideoCreation(contentType: "a/b", body: []))
        }
        #expect(error?.providerCode == "server_error")
    }

    @Test func `a body over the bound is not kept`() async throws {
        var limits = ProviderLimits()
        limits.errorByteCountMax = 10
        let fixture = try ProviderFixture(limits: limits) { _, _ in
            .json(400, #"{"error":{"code":"moderation_blocked"}}"#)
        }
        let error = await #expect(throws: ProviderError.self) {
            try await fixture.provider.create(VideoCreation(contentType: "a/b", body: []))
        }
        #expect(error?.kind == .contentPolicy)
        #expect(error?.body == nil)
    }

    @Test func `no description holds the key, the answer or the URL`() async throws {
        let key = ProviderFixture.key
        for status in [400, 401, 403, 404, 429, 500, 503] {
            let fixture = try ProviderFixture(
                .json(status, "{\"error\":{\"code\":\"Bearer \(key)\",\"message\":\"\(key)\"}}")
            )
            let error = await #expect(throws: ProviderError.self) {
                try await fixture.provider.retrieve("video_\(key)")
            }
            let found = try #require(error)
            for text in ["\(found)", found.userMessage, found.operatorMessage] {
                #expect(!text.contains(key))
                #expect(!text.contains("example"))
            }
        }
    }

    @Test(arguments: ProviderError.Kind.allCases)
    func `each kind has its sentences`(_ kind: ProviderError.Kind) {
        #expect(kind.userMessage.hasSuffix("."))
        #expect(kind.operatorMessage.hasSuffix("."))
    }

    @Test(arguments: [
        ("provider_billing", "billing, HTTP status 429", ProviderError.Kind.billing),
        ("provider_unauthorized", nil, .unauthorized),
        ("provider_refused", "content_policy, HTTP status 400, code moderation", .contentPolicy),
        ("variant_unavailable", "not_found, HTTP status 404", .notFound),
        ("variant_unavailable", "a video came in its place", nil), ("expired", "expired", nil),
        ("provider_refused", nil, nil), ("target_busy", "billing", nil),
    ])
    func `a reason that speaks of a fault has its sentences`(
        _ code: String,
        _ detail: String?,
        _ kind: ProviderError.Kind?
    ) {
        #expect(ProviderError.Kind(reasonCode: code, detail: detail) == kind)
    }
}
