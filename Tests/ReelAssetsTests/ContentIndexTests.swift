import ReelAssets
import ReelCrypto
import ReelSystem
import TestSupport
import Testing

struct ContentIndexTests {
    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let content = Array("the bytes of a video".utf8)

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var root: String { directory.file("videos") }

    private func store(_ disk: any Disk = SystemDisk()) -> DiskAssetStore {
        DiskAssetStore(root: root, disk: disk, pool: pool)
    }

    private func put(_ video: String, _ store: DiskAssetStore? = nil) async throws {
        let folder = directory.file(".incoming")
        if !FileTree.exists(folder) { try FileTree.makeDirectory(folder) }
        let path = folder + "/\(video).video.part"
        try FileTree.write(content, to: path)
        let digest = hexadecimal(SHA256.hash(content))
        _ = try await (store ?? self.store()).put(
            StagedFile(
                path: path,
                byteCount: Int64(content.count),
                sha256: digest,
                contentType: "video/mp4"
            ),
            as: AssetKey(videoID: video, fileName: "video.mp4")
        )
        #expect(!FileTree.exists(path))
        #expect(try FileTree.read(root + "/\(video)/video.mp4") == content)
    }

    private func isShared(_ one: String, _ other: String) throws -> Bool {
        try FileSystem.identity(root + "/\(one)/video.mp4")
            == FileSystem.identity(root + "/\(other)/video.mp4")
    }

    private var entry: String {
        let digest = hexadecimal(SHA256.hash(content))
        return root + "/.content/" + digest.prefix(2) + "/" + digest
    }

    @Test func `the same bytes are kept once, under as many names as they came`() async throws {
        try await put("video_1")
        try await put("video_2")
        try await put("video_3")
        #expect(try isShared("video_1", "video_2"))
        #expect(try isShared("video_1", "video_3"))
    }

    @Test func `a part that is not needed is gone for good before the put ends`() async throws {
        try await put("video_1")
        let disk = BreakingDisk()
        try await put("video_2", store(disk))
        #expect(try isShared("video_1", "video_2"))
        let folder = directory.file(".incoming")
        #expect(
            disk.changesOfNames.suffix(2) == [
                "remove \(folder)/video_2.video.part", "synchronize \(folder)",
            ]
        )
    }

    @Test func `what was removed, replaced or damaged is not given on`() async throws {
        try await put("video_1")
        FileTree.remove(root + "/video_1")
        try await put("video_2")
        try FileTree.write(content.reversed(), to: root + "/video_2/video.mp4")
        try await put("video_3")
        #expect(try !isShared("video_2", "video_3"))
        try await put("video_4")
        #expect(try isShared("video_3", "video_4"))
    }

    @Test(arguments: [
        "/etc/passwd", "../../../outside", "../../../x/video.mp4", "../../video_1/../a", "a/b/c/d",
    ])
    func `a link that leads elsewhere is not followed`(_ target: String) async throws {
        try await put("video_1")
        FileTree.remove(entry)
        try FileSystem.createSymbolicLink(entry, to: target)
        try await put("video_2")
        #expect(try !isShared("video_1", "video_2"))
        #expect(try FileSystem.symbolicLinkTarget(entry) == "../../video_2/video.mp4")
    }

    @Test func `a deleted video's content is forgotten and another's is not`() async throws {
        try await put("video_1")
        let key = AssetKey(videoID: "video_1", fileName: "manifest.json")
        let digest = hexadecimal(SHA256.hash(content))
        let manifest = Array(#"{"files": [{"sha256": "\#(digest)"}, {"sha256": "../.."}]}"#.utf8)
        _ = try await store().write(manifest, as: key)
        _ = try await store().write(
            manifest,
            as: AssetKey(videoID: "video_2", fileName: "manifest.json")
        )
        try await store().delete(provider: "openai", videoID: "video_2")
        #expect(try FileSystem.symbolicLinkTarget(entry) != nil)
        try await store().delete(provider: "openai", videoID: "video_1")
        #expect(try FileSystem.symbolicLinkTarget(entry) == nil)
    }

    @Test func `a disk without links keeps the bytes as often as they come`() async throws {
        let store = store(LinklessDisk())
        try await put("video_1", store)
        try await put("video_2", store)
        #expect(try !isShared("video_1", "video_2"))
    }

    @Test func `a crash at any step of a shared put leaves nothing half`() async throws {
        var stepCount = 0
        while true {
            FileTree.remove(root)
            try await put("video_1")
            let disk = BreakingDisk(after: stepCount)
            try? await put("video_2", store(disk))
            try await put("video_2")
            guard disk.isBroken else { break }
            stepCount += 1
        }
        #expect(stepCount >= 5)
        #expect(try isShared("video_1", "video_2"))
    }
}

/// A disk that has none of what later versions of the protocol added.
private struct LinklessDisk: Disk {
    private let base = SystemDisk()

    func open(
        _ path: String,
        _ mode: File.Mode,
        permissions: UInt32
    ) throws(AssetError) -> any DiskFile {
        try base.open(path, mode, permissions: permissions)
    }

    func status(_ path: String) throws(AssetError) -> FileStatus? { try base.status(path) }

    func createDirectory(_ path: String, permissions: UInt32) throws(AssetError) {
        try base.createDirectory(path, permissions: permissions)
    }

    func synchronizeDirectory(_ path: String) throws(AssetError) {
        try base.synchronizeDirectory(path)
    }

    func rename(_ from: String, to: String, replacing: Bool) throws(AssetError) {
        try base.rename(from, to: to, replacing: replacing)
    }

    func remove(_ path: String) throws(AssetError) { try base.remove(path) }
    func removeTree(_ path: String) throws(AssetError) { try base.removeTree(path) }
    func list(_ path: String) throws(AssetError) -> [String] { try base.list(path) }
    func freeByteCount(_ path: String) throws(AssetError) -> Int64 {
        try base.freeByteCount(path)
    }
}
