import ReelAssets
import ReelCrypto
import ReelSystem
import TestSupport
import Testing

struct DiskAssetStoreTests {
    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let key = AssetKey(videoID: "video_1", fileName: "video.mp4")
    private let content = Array("the bytes of a video".utf8)

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var root: String { directory.file("videos") }

    private func store(_ disk: any Disk = SystemDisk()) -> DiskAssetStore {
        DiskAssetStore(root: root, disk: disk, pool: pool)
    }

    /// Puts a file into the staging folder, as a fetch leaves it.
    private func stage(_ bytes: [UInt8]? = nil) throws -> StagedFile {
        let bytes = bytes ?? content
        let folder = directory.file(".incoming")
        if !FileTree.exists(folder) { try FileTree.makeDirectory(folder) }
        let path = folder + "/video_1.video.part"
        try FileTree.write(bytes, to: path)
        return StagedFile(
            path: path,
            byteCount: Int64(bytes.count),
            sha256: hexadecimal(SHA256.hash(bytes)),
            contentType: "video/mp4"
        )
    }

    private func stored() throws -> [UInt8] { try FileTree.read(root + "/video_1/video.mp4") }

    @Test func `a put moves the file under its name`() async throws {
        let staged = try stage()
        let asset = try await store().put(staged, as: key)
        #expect(asset.location == root + "/video_1/video.mp4")
        #expect(try stored() == content)
        #expect(!FileTree.exists(staged.path))
        #expect(try FileTree.list(root + "/video_1") == ["video.mp4"])
        let status = try FileSystem.status(asset.location)
        #expect(status?.kind == .file)
    }

    @Test func `the same put again changes nothing`() async throws {
        let staged = try stage()
        _ = try await store().put(staged, as: key)
        // Once with the staged file gone, as after a crash, and once with it there again.
        _ = try await store().put(staged, as: key)
        _ = try await store().put(try stage(), as: key)
        #expect(try stored() == content)
        #expect(!FileTree.exists(staged.path))
    }

    @Test func `another file does not replace the one that stands`() async throws {
        _ = try await store().put(try stage(), as: key)
        for other in ["another video!", "the bytes of a videO"] {
            let staged = try stage(Array(other.utf8))
            await #expect(throws: AssetError.occupied) {
                try await store().put(staged, as: key)
            }
            #expect(FileTree.exists(staged.path))
        }
        #expect(try stored() == content)
    }

    @Test func `a staged file that is gone or has another length is refused`() async throws {
        let staged = try stage()
        try FileTree.write(content + [0], to: staged.path)
        await #expect(throws: AssetError.changed) { try await store().put(staged, as: key) }
        FileTree.remove(staged.path)
        await #expect(throws: AssetError.missing) { try await store().put(staged, as: key) }
        #expect(!FileTree.exists(root + "/video_1/video.mp4"))
    }

    @Test(arguments: [false, true])
    func `a crash at any step leaves nothing half and the next put ends it`(
        _ isSplit: Bool
    ) async throws {
        var stepCount = 0
        while true {
            FileTree.remove(root)
            let staged = try stage()
            let disk = BreakingDisk(after: stepCount, isSplit: isSplit)
            let outcome = try? await store(disk).put(staged, as: key)
            if FileTree.exists(root + "/video_1/video.mp4") {
                #expect(try stored() == content)
            }
            _ = try await store(BreakingDisk(isSplit: isSplit)).put(staged, as: key)
            #expect(try stored() == content)
            #expect(try FileTree.list(root + "/video_1") == ["video.mp4"])
            #expect(!FileTree.exists(staged.path))
            guard disk.isBroken else {
                #expect(outcome != nil)
                break
            }
            #expect(outcome == nil)
            stepCount += 1
        }
        #expect(stepCount >= (isSplit ? 9 : 6))
    }

    @Test func `a copy to another volume whose source was changed is refused`() async throws {
        let staged = try stage()
        try FileTree.write(content.reversed(), to: staged.path)
        let store = store(BreakingDisk(isSplit: true))
        await #expect(throws: AssetError.changed) { try await store.put(staged, as: key) }
        #expect(try FileTree.list(root + "/video_1").isEmpty)
    }

    @Test func `a written file is replaced whole at every step`() async throws {
        let key = AssetKey(videoID: "video_1", fileName: "manifest.json")
        let (old, new) = (Array("old".utf8), Array("newer".utf8))
        var stepCount = 0
        var isOver = false
        while !isOver {
            _ = try await store().write(old, as: key)
            let disk = BreakingDisk(after: stepCount)
            _ = try? await store(disk).write(new, as: key)
            let found = try FileTree.read(root + "/video_1/manifest.json")
            #expect(found == old || found == new)
            isOver = !disk.isBroken
            if isOver { #expect(found == new) }
            stepCount += 1
        }
        #expect(stepCount >= 5)
    }

    @Test(arguments: [
        AssetKey(videoID: "../../etc", fileName: "passwd"),
        AssetKey(videoID: "..", fileName: "video.mp4"),
        AssetKey(videoID: "video_1", fileName: "../video.mp4"),
        AssetKey(videoID: "video_1", fileName: ".hidden"),
        AssetKey(videoID: "", fileName: "video.mp4"),
        AssetKey(videoID: "a/b", fileName: "video.mp4"),
        AssetKey(videoID: "video_1\0", fileName: "video.mp4"),
    ])
    func `a name that walks a path is refused`(_ key: AssetKey) async throws {
        let staged = try stage()
        await #expect(throws: AssetError.invalidName) { try await store().put(staged, as: key) }
        await #expect(throws: AssetError.invalidName) { try await store().open(key) }
        await #expect(throws: AssetError.invalidName) { try await store().write([], as: key) }
    }

    @Test func `a stored file is read by offset`() async throws {
        #expect(try await store().open(key) == nil)
        _ = try await store().put(try stage(), as: key)
        let reader = try #require(try await store().open(key))
        #expect(reader.byteCount == Int64(content.count))
        #expect(reader.modifiedAtSeconds > 1_700_000_000)
        #expect(try await reader.read(at: 4, count: 5) == Array("bytes".utf8))
        #expect(try await reader.read(at: 100, count: 5).isEmpty)
    }

    @Test func `a link in the place of a file or a folder is not followed`() async throws {
        let secret = directory.file("secret")
        try FileTree.write(Array("secret".utf8), to: secret)
        _ = try await store().put(try stage(), as: key)
        try FileSystem.createSymbolicLink(root + "/video_1/thumbnail.webp", to: secret)
        let thumbnail = AssetKey(videoID: "video_1", fileName: "thumbnail.webp")
        #expect(try await store().open(thumbnail) == nil)
        let staged = try stage()
        await #expect(throws: AssetError.occupied) {
            try await store().put(staged, as: thumbnail)
        }
        try FileSystem.createSymbolicLink(root + "/video_2", to: directory.path)
        let other = AssetKey(videoID: "video_2", fileName: "video.mp4")
        await #expect(throws: AssetError.occupied) { try await store().put(staged, as: other) }
        #expect(try await store().open(AssetKey(videoID: "video_2", fileName: "secret")) == nil)
    }

    @Test func `a delete removes the folder and is legal twice`() async throws {
        _ = try await store().put(try stage(), as: key)
        try await store().delete(provider: "openai", videoID: "video_1")
        try await store().delete(provider: "openai", videoID: "video_1")
        #expect(try FileTree.list(root).filter { !$0.hasPrefix(".") }.isEmpty)
    }

    @Test func `a full disk is told as one`() async throws {
        let staged = try stage()
        let store = store(BreakingDisk(after: 0, failure: .diskFull))
        await #expect(throws: AssetError.diskFull) { try await store.put(staged, as: key) }
    }
}
