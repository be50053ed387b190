import ReelHTTP
import ReelHTTPClient
import ReelRuntime
import TestSupport
import Testing

@testable import ReelS3

struct S3ClientTests {
    /// A clock whose waits are over at once.
    private struct ImmediateTime: TimeSource {
        func now() -> Timestamp { Timestamp(secondsSinceEpoch: 1_369_353_600) }
        func uptime() -> Duration { .zero }
        func sleep(for span: Duration) async throws { try Task.checkCancellation() }
    }

    private func client(_ transport: StubTransport) throws -> S3Client {
        S3Client(
            bucket: try #require(
                S3Bucket(
                    endpoint: "https://store.example",
                    name: "reels",
                    region: "auto",
                    style: .path
                )
            ),
            credentials: try #require(
                S3Credentials(accessKeyID: "id", secretAccessKey: "key", sessionToken: nil)
            ),
            transport: transport,
            time: ImmediateTime(),
            random: SeededRandomSource(seed: 1)
        )
    }

    private static func fault(_ status: Int, _ code: String) -> StubTransport.Answer {
        StubTransport.Answer(
            status,
            [:],
            Array("<Error><Code>\(code)</Code><Message>m</Message></Error>".utf8)
        )
    }

    @Test(
        arguments: [
            (403, "AccessDenied", .accessDenied), (403, "InvalidAccessKeyId", .unknownKey),
            (403, "SignatureDoesNotMatch", .signatureMismatch),
            (400, "ExpiredToken", .expiredCredentials),
            (403, "RequestTimeTooSkewed", .clockSkewed), (404, "NoSuchBucket", .noSuchBucket),
            (400, "AuthorizationHeaderMalformed", .wrongRegion),
            (301, "PermanentRedirect", .wrongRegion), (404, "NoSuchKey", .noSuchKey),
            (404, "NoSuchUpload", .noSuchUpload), (412, "PreconditionFailed", .occupied),
            (409, "ConditionalRequestConflict", .conflict),
            (400, "XAmzContentSHA256Mismatch", .damagedOnTheWay),
            (400, "EntityTooLarge", .tooLarge), (403, "QuotaExceeded", .quotaExceeded),
            (503, "SlowDown", .throttled), (500, "InternalError", .unavailable),
            (400, "Odd", .refused), (501, "NotImplemented", .refused), (501, "", .refused),
            (404, "Odd", .noSuchKey), (412, "", .occupied),
            (429, "Odd", .throttled), (502, "", .unavailable), (507, "", .quotaExceeded),
        ] as [(Int, String, S3Error.Kind)]
    )
    func `a refusal is told apart by its code, else by its status`(
        _ status: Int,
        _ code: String,
        _ kind: S3Error.Kind
    ) async throws {
        let transport = StubTransport { _, _ in Self.fault(status, code) }
        let error = await #expect(throws: S3Error.self) {
            try await client(transport).put([1], at: "a", contentType: "text/plain")
        }
        #expect(error?.kind == kind)
        #expect(error?.status == status)
        #expect(transport.requests.count == (error?.isTransient == true ? 4 : 1))
    }

    @Test func `what may pass is tried again, and signed anew`() async throws {
        let transport = StubTransport { _, index in
            index < 2 ? Self.fault(503, "SlowDown") : StubTransport.Answer(200)
        }
        try await client(transport).put([1, 2], at: "x/a b+\u{e9}", contentType: "text/plain")
        #expect(transport.requests.count == 3)
        let request = try #require(transport.requests.last)
        #expect(request.url == "https://store.example/reels/x/a%20b%2B%C3%A9")
        #expect(request.body == [1, 2])
        #expect(request.fields.only("Authorization") != nil)
        let digest = "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222"
        #expect(request.fields.only("x-amz-content-sha256") == digest)
        #expect(request.fields.only("x-amz-meta-sha256") == digest)
    }

    /// Two bytes, with their hash in both spellings.
    private struct Two: HTTPClientContentSource {
        static let digest = "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222"
        static let checksum = "oShx/uIQ+4YZKR6uoZRYHL0lMeSyN1nSJfaAaSP2MiI="
        static let content = S3Content(
            source: Two(),
            sha256: digest,
            contentType: "video/mp4"
        )

        let byteCount: Int64 = 2

        func read(at offset: Int64, count: Int) -> [UInt8]? {
            Array([UInt8]([1, 2]).dropFirst(Int(offset)).prefix(count))
        }
    }

    private static let checksumField = "x-amz-checksum-sha256"

    @Test func `a file is put with its checksum, which is signed`() async throws {
        let transport = StubTransport { _, _ in
            StubTransport.Answer(200, [Self.checksumField: Two.checksum])
        }
        try await client(transport).put(Two.content, at: "a", replacing: false)
        let request = try #require(transport.requests.first)
        #expect(transport.requests.count == 1)
        #expect(request.fields.only(Self.checksumField) == Two.checksum)
        let signature = try #require(request.fields.only("Authorization"))
        #expect(signature.contains(";" + Self.checksumField + ";"))
    }

    @Test(arguments: [(400, "InvalidRequest"), (400, "InvalidArgument"), (501, "NotImplemented")])
    func `a store that does not take checksums is sent none from then on`(
        _ status: Int,
        _ code: String
    ) async throws {
        let transport = StubTransport { request, _ in
            request.fields.only(Self.checksumField) == nil
                ? StubTransport.Answer(200) : Self.fault(status, code)
        }
        let client = try client(transport)
        try await client.put(Two.content, at: "a", replacing: false)
        try await client.put(Two.content, at: "b", replacing: false)
        let sent = transport.requests.map { $0.fields.only(Self.checksumField) != nil }
        #expect(sent == [true, false, false])
        #expect(transport.requests.allSatisfy { $0.fields.only("If-None-Match") == "*" })
    }

    @Test func `another refusal says nothing of checksums`() async throws {
        let transport = StubTransport { _, index in
            index < 2 ? Self.fault(400, "Odd") : StubTransport.Answer(200)
        }
        let client = try client(transport)
        await #expect(throws: S3Error.self) {
            try await client.put(Two.content, at: "a", replacing: false)
        }
        try await client.put(Two.content, at: "a", replacing: false)
        #expect(transport.requests.last?.fields.only(Self.checksumField) == Two.checksum)
    }

    @Test func `what a store keeps with another checksum is deleted`() async throws {
        let other = Two.checksum.replacing("o", with: "p")
        let transport = StubTransport { request, _ in
            request.method == .put
                ? StubTransport.Answer(200, [Self.checksumField: other])
                : StubTransport.Answer(204)
        }
        let error = await #expect(throws: S3Error.self) {
            try await client(transport).put(Two.content, at: "a", replacing: false)
        }
        #expect(error?.kind == .damagedOnTheWay)
        #expect(transport.requests.map(\.method) == [.put, .delete])
    }

    @Test(arguments: ["", "AAAA", "sha256", Two.digest])
    func `what is no such checksum says nothing`(_ told: String) async throws {
        let transport = StubTransport { _, _ in
            StubTransport.Answer(200, [Self.checksumField: told])
        }
        try await client(transport).put(Two.content, at: "a", replacing: false)
        #expect(transport.requests.map(\.method) == [.put])
    }

    @Test func `a store that asks for a long wait is left alone`() async throws {
        let transport = StubTransport { _, _ in
            StubTransport.Answer(503, ["Retry-After": "120"])
        }
        let error = await #expect(throws: S3Error.self) {
            try await client(transport).put([1], at: "a", contentType: "text/plain")
        }
        #expect(error?.retryAfter == .seconds(120))
        #expect(transport.requests.count == 1)
    }

    @Test func `an error inside a success is an error`() async throws {
        let transport = StubTransport { _, _ in Self.fault(200, "InternalError") }
        let error = await #expect(throws: S3Error.self) {
            try await client(transport).complete(
                S3Upload(key: "a", id: "u"),
                [S3Part(number: 1, entityTag: "\"e&\"")]
            )
        }
        #expect(error?.kind == .unavailable)
        let body = String(decoding: transport.requests.first?.body ?? [], as: UTF8.self)
        #expect(body.contains("<PartNumber>1</PartNumber><ETag>&quot;e&amp;&quot;</ETag>"))
        #expect(transport.requests.first?.fields.only("If-None-Match") == "*")
    }

    @Test func `an object that is not there is none`() async throws {
        let transport = StubTransport { _, _ in StubTransport.Answer(404) }
        #expect(try await client(transport).object("a") == nil)
        try await client(transport).delete("a")
    }

    @Test(arguments: ["", "a//b", "/a", "a/", ".", "a/../b", String(repeating: "k", count: 1025)])
    func `a key that walks a path is refused`(_ key: String) async throws {
        let transport = StubTransport { _, _ in StubTransport.Answer(200) }
        await #expect(throws: S3Error(.transport(.invalidURL))) {
            _ = try await client(transport).object(key)
        }
        #expect(transport.requests.isEmpty)
    }

    @Test(arguments: [
        ("https://h", "ab", "auto"), ("https://h", "Abc", "auto"), ("https://h", "a..b", "auto"),
        ("https://h", "-abc", "auto"), ("https://h/p", "abc", "auto"), ("h", "abc", "auto"),
        ("https://h", "abc", ""), ("https://h", "abc", "a/b"),
    ])
    func `what is no bucket is none`(_ endpoint: String, _ name: String, _ region: String) {
        let bucket = S3Bucket(endpoint: endpoint, name: name, region: region, style: .path)
        #expect(bucket == nil)
    }

    @Test func `a bucket stands in the host where that is the style`() throws {
        let bucket = try #require(
            S3Bucket(endpoint: "https://h:9000", name: "abc", region: "auto", style: .virtual)
        )
        #expect(bucket.url(of: "k")?.text == "https://abc.h:9000/k")
    }
}
