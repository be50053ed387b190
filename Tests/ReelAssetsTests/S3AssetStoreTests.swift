import ReelAssets
import ReelCrypto
import ReelHTTP
import ReelHTTPClient
import ReelRuntime
import ReelS3
import ReelSystem
import TestSupport
import Testing

struct S3AssetStoreTests {
    /// What a store remembers: objects with their recorded hash, and the parts of uploads.
    private struct Memory {
        var objects: [String: (bytes: [UInt8], sha256: String?)] = [:]
        var parts: [Int: [UInt8]] = [:]
        var hasUpload = false
        var sha256: String?
        var log: [String] = []
        /// The parts that are refused, by number.
        var refused: Set<Int> = []
    }

    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let memory = Locked(Memory())
    private let key = AssetKey(videoID: "video_1", fileName: "video.mp4")

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func store() throws -> S3AssetStore {
        let memory = memory
        let transport = StubTransport { request, _ in
            memory.withLock { Self.answer(request, &$0) }
        }
        var configuration = S3AssetStore.Configuration()
        configuration.prefix = "p/"
        configuration.singleByteCountMax = 64
        configuration.partByteCount = 100
        return S3AssetStore(
            client: S3Client(
                bucket: try #require(
                    S3Bucket(endpoint: "http://s", name: "reels", region: "auto", style: .path)
                ),
                credentials: try #require(
                    S3Credentials(accessKeyID: "id", secretAccessKey: "key", sessionToken: nil)
                ),
                transport: transport,
                time: ManualTime(),
                random: SeededRandomSource(seed: 1)
            ),
            pool: pool,
            configuration: configuration
        )
    }

    private static func answer(
        _ request: HTTPClientRequest,
        _ memory: inout Memory
    ) -> StubTransport.Answer {
        guard let url = HTTPURL(request.url) else { return .init(400) }
        let path = url.target.path
        let content = bytes(request.content)
        let digest = hexadecimal(SHA256.hash(content))
        guard request.fields.only("x-amz-content-sha256") == digest else { return .init(400) }
        memory.log.append(request.method.name + " " + path + "?" + (url.target.query ?? ""))
        let part = url.target.queryValue("partNumber").flatMap { Int($0) }
        switch (request.method, part, url.target.queryValue("uploads")) {
        case (.head, _, _):
            guard let object = memory.objects[path] else { return .init(404) }
            return .init(
                200,
                [
                    "Content-Length": String(object.bytes.count),
                    "x-amz-meta-sha256": object.sha256 ?? "",
                ]
            )
        case (.put, .some(let number), _):
            if memory.refused.contains(number) { return .init(403) }
            memory.parts[number] = content
            return .init(200, ["ETag": "\"\(number)\""])
        case (.put, _, _):
            guard memory.objects[path] == nil || !request.fields.contains("If-None-Match")
            else { return .init(412) }
            memory.objects[path] = (content, request.fields.only("x-amz-meta-sha256"))
            return .init(200)
        case (.post, _, .some):
            memory.hasUpload = true
            memory.sha256 = request.fields.only("x-amz-meta-sha256")
            return xml(
                "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                    + "</InitiateMultipartUploadResult>"
            )
        case (.post, _, _):
            let whole = memory.parts.sorted { $0.key < $1.key }.flatMap(\.value)
            memory.objects[path] = (whole, memory.sha256)
            memory.hasUpload = false
            return xml("<CompleteMultipartUploadResult/>")
        case (.get, _, .some):
            return xml(
                memory.hasUpload
                    ? "<ListMultipartUploadsResult><Upload><Key>\(path)</Key><UploadId>u"
                        + "</UploadId></Upload></ListMultipartUploadsResult>"
                    : "<ListMultipartUploadsResult/>"
            )
        case (.delete, _, _):
            if url.target.queryValue("uploadId") != nil {
                memory.hasUpload = false
                memory.parts = [:]
            }
            return .init(204)
        default: return .init(405)
        }
    }

    private static func xml(_ text: String) -> StubTransport.Answer {
        StubTransport.Answer(200, [:], Array(text.utf8))
    }

    private static func bytes(_ content: HTTPClientContent?) -> [UInt8] {
        switch content {
        case .bytes(let bytes): return bytes
        case .source(let source):
            var bytes: [UInt8] = []
            while Int64(bytes.count) < source.byteCount,
                let piece = source.read(at: Int64(bytes.count), count: 7)
            {
                bytes += piece
            }
            return bytes
        case nil: return []
        }
    }

    private func stage(byteCount: Int) throws -> StagedFile {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = directory.file("staged.part")
        try FileTree.write(bytes, to: path)
        return StagedFile(
            path: path,
            byteCount: Int64(byteCount),
            sha256: hexadecimal(SHA256.hash(bytes)),
            contentType: "video/mp4"
        )
    }

    private let path = "/reels/p/video_1/video.mp4"

    @Test(arguments: [0, 1, 64, 65, 100, 101, 350])
    func `a file goes whole or in parts and is let go here`(_ byteCount: Int) async throws {
        let staged = try stage(byteCount: byteCount)
        let asset = try await store().put(staged, as: key)
        #expect(asset.location == "s3://reels/p/video_1/video.mp4")
        let object = memory.withLock { $0.objects[path] }
        #expect(object?.bytes.count == byteCount)
        #expect(hexadecimal(SHA256.hash(object?.bytes ?? [])) == staged.sha256)
        #expect(object?.sha256 == staged.sha256)
        #expect(!FileTree.exists(staged.path))
        #expect(memory.withLock { !$0.hasUpload })
        let partCount = memory.withLock { $0.parts.count }
        #expect(partCount == (byteCount <= 64 ? 0 : (byteCount + 99) / 100))
    }

    @Test func `a put that was done already sends nothing again`() async throws {
        let staged = try stage(byteCount: 350)
        _ = try await store().put(staged, as: key)
        memory.withLock { $0.log = [] }
        _ = try await store().put(staged, as: key)
        #expect(memory.withLock { $0.log } == ["HEAD " + path + "?"])
    }

    @Test func `another object is not replaced`() async throws {
        memory.withLock { $0.objects[path] = ([1], "other") }
        let staged = try stage(byteCount: 1)
        await #expect(throws: AssetError.occupied) { try await store().put(staged, as: key) }
        #expect(memory.withLock { $0.objects[path]?.bytes } == [1])
        #expect(FileTree.exists(staged.path))
    }

    @Test func `an upload that fails half-way leaves no parts behind`() async throws {
        memory.withLock { $0.refused = [2] }
        let staged = try stage(byteCount: 350)
        await #expect(throws: AssetError.store(S3Error(.accessDenied, status: 403))) {
            try await store().put(staged, as: key)
        }
        #expect(memory.withLock { !$0.hasUpload && $0.parts.isEmpty })
        #expect(memory.withLock { $0.objects.isEmpty })
        #expect(FileTree.exists(staged.path))
    }

    @Test(arguments: [40, 350])
    func `bytes that are not those that were fetched are not stored`(
        _ byteCount: Int
    ) async throws {
        let staged = try stage(byteCount: byteCount)
        try FileTree.write([UInt8](repeating: 9, count: byteCount), to: staged.path)
        await #expect(throws: AssetError.self) { try await store().put(staged, as: key) }
        #expect(memory.withLock { $0.objects.isEmpty && !$0.hasUpload })
    }
}
