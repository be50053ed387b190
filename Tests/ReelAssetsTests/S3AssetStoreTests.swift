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
        /// An object of somebody else's that is put there once an upload is begun.
        var appearsLate: String?
        /// Whether the store copies objects.
        var copies = true
        /// The parts that are refused, by number.
        var refused: Set<Int> = []
        /// Whether the next answer to what makes an object is lost on its way.
        var losesAnswer = false
        /// Uploads of before, by key.
        var olderUploads: [String] = []
    }

    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let memory = Locked(Memory())
    private let time = ManualTime()
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
        configuration.copyByteCountMin = 100
        return S3AssetStore(
            client: S3Client(
                bucket: try #require(
                    S3Bucket(endpoint: "http://s", name: "reels", region: "auto", style: .path)
                ),
                credentials: try #require(
                    S3Credentials(accessKeyID: "id", secretAccessKey: "key", sessionToken: nil)
                ),
                transport: transport,
                time: time,
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
        case (.head, _, _): return head(memory.objects[path])
        case (.put, .some(let number), _) where request.fields.contains("x-amz-copy-source"):
            return copy(request, number, &memory)
        case (.put, .some(let number), _):
            if memory.refused.contains(number) { return .init(403) }
            memory.parts[number] = content
            return .init(200, ["ETag": "\"\(number)\""])
        case (.put, _, _):
            guard memory.objects[path] == nil || !request.fields.contains("If-None-Match")
            else { return .init(412) }
            memory.objects[path] = (content, request.fields.only("x-amz-meta-sha256"))
            defer { memory.losesAnswer = false }
            return .init(memory.losesAnswer ? 500 : 200)
        case (.post, _, .some):
            memory.hasUpload = true
            memory.parts = [:]
            if let late = memory.appearsLate { memory.objects[late] = ([7], nil) }
            memory.sha256 = request.fields.only("x-amz-meta-sha256")
            return xml(
                "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                    + "</InitiateMultipartUploadResult>"
            )
        case (.post, _, _):
            guard memory.objects[path] == nil || !request.fields.contains("If-None-Match")
            else { return .init(412) }
            let whole = memory.parts.sorted { $0.key < $1.key }.flatMap(\.value)
            memory.objects[path] = (whole, memory.sha256)
            memory.hasUpload = false
            defer { memory.losesAnswer = false }
            if memory.losesAnswer { return .init(500) }
            return xml("<CompleteMultipartUploadResult/>")
        case (.get, _, .some) where !memory.olderUploads.isEmpty: return uploads(memory)
        case (.get, _, .some):
            return xml(
                memory.hasUpload
                    ? "<ListMultipartUploadsResult><Upload><Key>\(path)</Key><UploadId>u"
                        + "</UploadId></Upload></ListMultipartUploadsResult>"
                    : "<ListMultipartUploadsResult/>"
            )
        case (.get, _, nil):
            if url.target.queryValue("list-type") != nil { return keys(of: url, memory) }
            guard let object = memory.objects[path] else { return .init(404) }
            return .init(200, [:], object.bytes)
        case (.delete, _, _):
            if url.target.queryValue("uploadId") != nil {
                memory.hasUpload = false
                memory.parts = [:]
            } else {
                memory.objects[path] = nil
            }
            return .init(204)
        default: return .init(405)
        }
    }

    private static func head(_ object: (bytes: [UInt8], sha256: String?)?) -> StubTransport.Answer {
        guard let object else { return .init(404) }
        return .init(
            200,
            [
                "Content-Length": String(object.bytes.count),
                "x-amz-meta-sha256": object.sha256 ?? "",
                "ETag": object.sha256 ?? "",
            ]
        )
    }

    private static func copy(
        _ request: HTTPClientRequest,
        _ number: Int,
        _ memory: inout Memory
    ) -> StubTransport.Answer {
        guard memory.copies else { return .init(501) }
        guard let source = memory.objects[request.fields.only("x-amz-copy-source") ?? ""],
            request.fields.only("x-amz-copy-source-if-match") == source.sha256
        else { return .init(412) }
        memory.parts[number] = source.bytes
        return xml("<CopyPartResult><ETag>e</ETag></CopyPartResult>")
    }

    private static func keys(of url: HTTPURL, _ memory: Memory) -> StubTransport.Answer {
        let prefix = "/reels/" + (url.target.queryValue("prefix") ?? "")
        let keys = memory.objects.keys.filter { $0.hasPrefix(prefix) }.sorted()
            .map { "<Contents><Key>\($0.dropFirst("/reels/".count))</Key></Contents>" }
        return xml("<ListBucketResult>" + keys.joined() + "</ListBucketResult>")
    }

    private static func uploads(_ memory: Memory) -> StubTransport.Answer {
        let uploads = memory.olderUploads.map {
            "<Upload><Key>\($0)</Key><UploadId>u</UploadId>"
                + "<Initiated>2026-11-20T00:00:00Z</Initiated></Upload>"
        }
        return xml("<ListMultipartUploadsResult>\(uploads.joined())</ListMultipartUploadsResult>")
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

    @Test(arguments: [40, 350])
    func `a put whose answer was lost is done`(_ byteCount: Int) async throws {
        memory.withLock { $0.losesAnswer = true }
        let staged = try stage(byteCount: byteCount)
        async let asset = store().put(staged, as: key)
        await time.waitForSleepers()
        time.advance(by: .seconds(1))
        #expect(try await asset.location == "s3://reels/p/video_1/video.mp4")
        #expect(memory.withLock { $0.objects[path]?.bytes.count } == byteCount)
        #expect(!FileTree.exists(staged.path))
    }

    @Test func `only old uploads of a video's files are swept up`() async throws {
        let ours = ["p/video_1/video.mp4", "p/video_2/thumbnail.webp"]
        let others = [
            "p/backup.tar", "p/backups/db.tar", "p/a/b/video.mp4", "p/../video.mp4",
            "p/video_1/manifest.json", "q/video_1/video.mp4", "video.mp4",
        ]
        memory.withLock { $0.olderUploads = ours + others }
        let store = try store()
        let begin = Timestamp(secondsSinceEpoch: 1_795_132_800)  // 2026-11-20T00:00:00Z
        #expect(try await store.abortUploads(begunBefore: begin) == 0)
        memory.withLock { $0.log = [] }
        #expect(try await store.abortUploads(begunBefore: begin + .seconds(1)) == 2)
        let aborted = memory.withLock { $0.log }.filter { $0.hasPrefix("DELETE") }
        #expect(aborted == ours.map { "DELETE /reels/\($0)?uploadId=u" })
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

    // MARK: The same bytes

    private let other = AssetKey(videoID: "video_2", fileName: "video.mp4")
    private let otherPath = "/reels/p/video_2/video.mp4"

    /// How often content was sent, in one piece or in parts.
    private var sentCount: Int {
        memory.withLock { memory in
            memory.log.count {
                $0.hasPrefix("PUT ") && ($0.hasSuffix(".mp4?") || $0.contains("partNumber"))
            }
        }
    }

    private func put(_ byteCount: Int, as key: AssetKey) async throws {
        memory.withLock { $0.log = [] }
        _ = try await store().put(try stage(byteCount: byteCount), as: key)
        #expect(!FileTree.exists(directory.file("staged.part")))
    }

    @Test(arguments: [100, 350])
    func `bytes that are there already are copied by the store`(_ byteCount: Int) async throws {
        try await put(byteCount, as: key)
        let sent = sentCount
        #expect(sent > 0)
        try await put(byteCount, as: other)
        #expect(sentCount == 1, "the copy, which carries no content")
        let objects = memory.withLock { $0.objects }
        #expect(objects[otherPath]?.bytes == objects[path]?.bytes)
        #expect(objects[otherPath]?.sha256 == objects[path]?.sha256)
    }

    @Test func `short files are sent each time`() async throws {
        try await put(99, as: key)
        try await put(99, as: other)
        let log = memory.withLock { $0.log }
        #expect(!log.contains { $0.contains(".content") })
    }

    @Test func `bytes are sent where the copy's source is gone or another by now`() async throws {
        try await put(350, as: key)
        memory.withLock { $0.objects[path] = ([1], "other") }
        try await put(350, as: other)
        #expect(memory.withLock { $0.objects[otherPath]?.bytes.count } == 350)
        // And from now on the new one is known.
        memory.withLock { $0.objects[path] = nil }
        try await put(350, as: key)
        #expect(sentCount == 1)
        #expect(memory.withLock { $0.objects[path]?.bytes.count } == 350)
    }

    @Test func `a store that copies nothing is sent the bytes`() async throws {
        memory.withLock { $0.copies = false }
        try await put(350, as: key)
        try await put(350, as: other)
        #expect(memory.withLock { $0.objects[otherPath]?.bytes.count } == 350)
        #expect(memory.withLock { !$0.hasUpload })
    }

    @Test func `a copy does not take the place of what came there meanwhile`() async throws {
        try await put(350, as: key)
        memory.withLock { $0.appearsLate = otherPath }
        let staged = try stage(byteCount: 350)
        await #expect(throws: AssetError.occupied) { try await store().put(staged, as: other) }
        #expect(memory.withLock { $0.objects[otherPath]?.bytes } == [7])
        #expect(memory.withLock { !$0.hasUpload })
        #expect(FileTree.exists(staged.path))
    }

    @Test(arguments: ["../video_1/video.mp4", "video_1", "", "video_1/video.mp4/x"])
    func `an entry that names no file leads nowhere`(_ text: String) async throws {
        try await put(350, as: key)
        memory.withLock { memory in
            for name in memory.objects.keys where name.contains(".content") {
                memory.objects[name]?.bytes = Array(text.utf8)
            }
        }
        try await put(350, as: other)
        #expect(sentCount == 4)
    }

    @Test func `where content was is forgotten with its video`() async throws {
        try await put(350, as: key)
        let sha256 = try #require(memory.withLock { $0.objects[path]?.sha256 })
        let manifest = Array("{\"files\":[{\"sha256\":\"\(sha256)\"},{\"sha256\":\"x/y\"}]}".utf8)
        let place = AssetKey(videoID: key.videoID, fileName: "manifest.json")
        _ = try await store().write(manifest, as: place)
        try await put(350, as: other)
        // The entry is the first one's; the other's end leaves it.
        try await store().delete(provider: "p", videoID: other.videoID)
        #expect(memory.withLock { $0.objects.keys.filter { $0.contains(".content") }.count } == 1)
        try await store().delete(provider: "p", videoID: key.videoID)
        #expect(memory.withLock { $0.objects.isEmpty })
    }
}
