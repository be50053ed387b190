import ReelAssets
import ReelCrypto
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct StagingAreaTests {
    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let key: PartKey
    private let other: PartKey

    init() throws {
        directory = try TemporaryDirectory()
        key = try #require(PartKey(provider: "openai", videoID: "video_1", variant: "video"))
        other = try #require(PartKey(provider: "openai", videoID: "video_2", variant: "video"))
    }

    private func area(
        _ disk: any Disk = SystemDisk(),
        _ change: (inout StagingArea.Configuration) -> Void = { _ in }
    ) -> StagingArea {
        var configuration = StagingArea.Configuration()
        change(&configuration)
        return StagingArea(
            directory: directory.file(".incoming"),
            disk: disk,
            pool: pool,
            configuration: configuration
        )
    }

    private func part(_ area: StagingArea, at offset: Int64 = 0) async throws -> PartFile {
        try #require(try await area.open(key, at: offset, with: area.drawTicket()))
    }

    @Test(arguments: [1, 7, 64, 100_000])
    func `appended bytes are on disk with their hash`(_ pieceByteCount: Int) async throws {
        let bytes = SeededRandomSource(seed: 1).bytes(1000)
        let area = area { $0.bufferByteCount = 64 }
        let part = try await part(area)
        for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
            try await part.append(Array(bytes[start..<min(bytes.count, start + pieceByteCount)]))
        }
        let whole = try await part.finish(expecting: 1000)
        #expect(whole.byteCount == 1000)
        #expect(whole.sha256 == hexadecimal(SHA256.hash(bytes)))
        #expect(try FileTree.read(part.path) == bytes)
        #expect(part.path == area.path(key))
    }

    @Test(arguments: [0, 1, 63, 64, 65, 500, 999, 1000])
    func `a part goes on from a recorded offset with the same hash`(_ offset: Int) async throws {
        let bytes = SeededRandomSource(seed: 2).bytes(1000)
        let area = area { $0.bufferByteCount = 64 }
        let first = try await part(area)
        try await first.append(Array(bytes[..<offset]))
        #expect(try await first.checkpoint() == Int64(offset))
        // Written after the checkpoint and never vouched for.
        try await first.append(Array(repeating: 0xAA, count: 200))
        _ = try await first.checkpoint()

        let second = try await part(area, at: Int64(offset))
        #expect(second.byteCount == Int64(offset))
        try await second.append(Array(bytes[offset...]))
        let whole = try await second.finish(expecting: 1000)
        #expect(whole.sha256 == hexadecimal(SHA256.hash(bytes)))
        #expect(try FileTree.read(second.path) == bytes)
    }

    @Test func `a part that is shorter than recorded is not gone on with`() async throws {
        let area = area()
        let first = try await part(area)
        try await first.append([1, 2, 3])
        _ = try await first.checkpoint()
        #expect(try await area.open(key, at: 4, with: area.drawTicket()) == nil)
        #expect(try await area.byteCount(key) == 3)
    }

    @Test func `whoever was overtaken writes nothing more`() async throws {
        let area = area { $0.bufferByteCount = 1 }
        let first = try await part(area)
        try await first.append([1, 1, 1, 1])
        let second = try await part(area)
        #expect(!first.isCurrent && second.isCurrent)
        try await second.append([2, 2])
        await #expect(throws: AssetError.changed) { try await first.append([1]) }
        await #expect(throws: AssetError.changed) { try await first.checkpoint() }
        await #expect(throws: AssetError.changed) { try await first.finish(expecting: nil) }
        #expect(try await second.finish(expecting: 2).byteCount == 2)
        #expect(try FileTree.read(second.path) == [2, 2])
    }

    @Test func `a wrong length is refused`() async throws {
        let part = try await part(area())
        try await part.append([1, 2, 3])
        await #expect(throws: AssetError.lengthMismatch(expected: 4, found: 3)) {
            try await part.finish(expecting: 4)
        }
    }

    @Test func `more bytes than allowed are refused`() async throws {
        let area = area { $0.fileByteCountMax = 10 }
        let part = try await part(area)
        try await part.append(Array(repeating: 0, count: 10))
        await #expect(throws: AssetError.tooLarge) { try await part.append([0]) }
        await #expect(throws: AssetError.tooLarge) {
            try await area.makeSure(roomFor: 11, of: 11, in: part)
        }
    }

    @Test func `a fetch that does not fit beside the reserve is refused`() async throws {
        let area = area(BreakingDisk(free: 1000)) { $0.reserveByteCount = 600 }
        let part = try await part(area)
        try await area.makeSure(roomFor: 400, of: 5000, in: part)
        await #expect(throws: AssetError.diskFull) {
            try await area.makeSure(roomFor: 401, of: 5000, in: part)
        }
    }

    @Test func `what one fetch was promised is not free for the next`() async throws {
        let area = area(BreakingDisk(free: 1000)) {
            $0.reserveByteCount = 600
            $0.bufferByteCount = 1
        }
        let first = try await part(area)
        let second = try #require(try await area.open(other, with: area.drawTicket()))
        try await area.makeSure(roomFor: 300, of: 300, in: first)
        await #expect(throws: AssetError.diskFull) {
            try await area.makeSure(roomFor: 101, of: 101, in: second)
        }
        // What has been written is for the disk to say, which says always the same here.
        try await first.append(Array(repeating: 0, count: 200))
        try await area.makeSure(roomFor: 300, of: 300, in: second)
        await #expect(throws: AssetError.diskFull) {
            try await area.makeSure(roomFor: 101, of: 301, in: first)
        }
    }

    @Test func `what was promised to a fetch that ended is free again`() async throws {
        let area = area(BreakingDisk(free: 1000)) { $0.reserveByteCount = 600 }
        do {
            let part = try await part(area)
            try await area.makeSure(roomFor: 400, of: 400, in: part)
        }
        let second = try #require(try await area.open(other, with: area.drawTicket()))
        try await area.makeSure(roomFor: 400, of: 400, in: second)
    }

    @Test func `a fetch of no announced length leaves the reserve`() async throws {
        let area = area(BreakingDisk(free: 1000)) {
            $0.reserveByteCount = 600
            $0.bufferByteCount = 1
        }
        let part = try await part(area)
        try await part.append(Array(repeating: 0, count: 400))
        await #expect(throws: AssetError.diskFull) {
            try await part.append(Array(repeating: 0, count: 401))
        }
    }

    @Test func `a disk that fills up is told as one`() async throws {
        for stepCount in 0..<6 {
            let area = area(BreakingDisk(after: stepCount, failure: .diskFull)) {
                $0.bufferByteCount = 1
            }
            await #expect(throws: AssetError.diskFull, "step \(stepCount)") {
                let part = try await area.open(key, with: area.drawTicket())
                for byte in 0..<UInt8(8) { try await part?.append([byte]) }
                _ = try await part?.finish(expecting: 8)
            }
        }
    }

    @Test func `old parts and parts of stored files are removed`() async throws {
        let area = area()
        let names = ["video_1", "video_2"]
        let keys = try names.map {
            try #require(PartKey(provider: "openai", videoID: $0, variant: "video"))
        }
        for key in keys { _ = try await area.open(key, with: area.drawTicket()) }
        let before = Timestamp(secondsSinceEpoch: 0)
        #expect(try await area.removeOrphans(writtenBefore: before) == 0)
        #expect(try await area.removeOrphans(writtenBefore: before, andStored: [keys[0]]) == 1)
        #expect(try await area.byteCount(keys[0]) == nil)
        #expect(try await area.byteCount(keys[1]) == 0)
        let later = SystemTimeSource().now() + .seconds(3600)
        #expect(try await area.removeOrphans(writtenBefore: later) == 1)
        #expect(try FileTree.list(directory.file(".incoming")).isEmpty)
    }

    @Test func `parts of two providers do not meet and no name walks a path`() throws {
        #expect(key != PartKey(provider: "other", videoID: "video_1", variant: "video"))
        #expect(PartKey(provider: "openai", videoID: "../x", variant: "video") == nil)
        #expect(PartKey(provider: "openai", videoID: "video_1", variant: "../x") == nil)
        let longest = String(repeating: "v", count: 200)
        let name = PartKey(provider: "a", videoID: longest, variant: "spritesheet")?.fileName
        #expect((name?.utf8.count ?? 0) <= 255)
    }

    @Test func `a staged file is inspected where it is`() async throws {
        let area = area()
        let part = try await part(area)
        try await part.append(try Fixture.bytes("media/valid/video.mp4"))
        _ = try await part.checkpoint()
        let facts = try await area.inspect(key, as: .video)
        #expect(facts.width == 320)
        await #expect(throws: AssetError.notTheMedium(rule: "not_an_image")) {
            try await area.inspect(key, as: .image)
        }
    }

    @Test func `a part that a later ticket has opened is closed to an earlier one`() async throws {
        let area = area()
        let (early, late) = (area.drawTicket(), area.drawTicket())
        do {
            let part = try #require(try await area.open(key, with: late))
            try await part.append([1, 2, 3])
            _ = try await part.finish(expecting: 3)
        }
        await #expect(throws: AssetError.changed) { try await area.open(key, with: early) }
        try await area.discard(key, with: early)
        #expect(try FileTree.read(area.path(key)) == [1, 2, 3])
        // Its own turn does not come to an end by that, and other parts are open to the early one.
        #expect(try await area.open(key, at: 3, with: late) != nil)
        #expect(try await area.open(other, with: early) != nil)
        try await area.discard(key, with: late)
        #expect(try await area.byteCount(key) == nil)
    }
}
