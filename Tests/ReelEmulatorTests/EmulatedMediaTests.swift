import TestSupport
import Testing

@testable import ReelEmulator

struct EmulatedMediaTests {
    @Test(arguments: [
        ("video.mp4", EmulatedMedia.Variant.video), ("thumbnail.webp", .thumbnail),
    ])
    func `the binary carries the fixtures`(name: String, variant: EmulatedMedia.Variant) throws {
        let file = try Fixture.bytes("media/valid/\(name)")
        let media = EmulatedMedia(variant, videoID: "video_1", byteCountMin: 0)
        #expect(media.bytes(0..<file.count) == file)
    }

    @Test(arguments: [0, 27_692, 27_700, 28_000, 1_000_000])
    func `what is added to the film is one free box`(byteCountMin: Int) throws {
        let file = try Fixture.bytes("media/valid/video.mp4")
        let media = EmulatedMedia(.video, videoID: "video_1", byteCountMin: byteCountMin)
        let box = media.bytes(file.count..<media.byteCount)
        let size = box.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        #expect(size == box.count)
        #expect(box[4..<8].elementsEqual("free".utf8))
        #expect(box[8..<15].elementsEqual("video_1".utf8))
    }

    @Test func `a film of more than four gigabytes has a box with a long size`() {
        let media = EmulatedMedia(.video, videoID: "video_1", byteCountMin: 5 << 30)
        let start = 27_692
        let header = media.bytes(start..<(start + 16))
        #expect(header.prefix(4) == [0, 0, 0, 1])
        #expect(header[8..<16].reduce(0) { $0 << 8 | Int($1) } == (5 << 30) - start)
    }

    @Test func `any cut gives the same bytes`() {
        let media = EmulatedMedia(.video, videoID: "video_1", byteCountMin: 30_011)
        let whole = media.bytes(0..<media.byteCount)
        for length in [1, 3, 8, 1000] {
            var pieces: [UInt8] = []
            while pieces.count < whole.count {
                let end = min(whole.count, pieces.count + length)
                pieces += media.bytes(pieces.count..<end)
            }
            #expect(pieces == whole)
        }
    }

    @Test(arguments: [
        ("thumbnail.png", 320, 180), ("thumbnail.webp", 320, 180), ("lossless.webp", 320, 180),
        ("extended.webp", 320, 180), ("spritesheet.jpg", 640, 270), ("progressive.jpg", 640, 270),
    ])
    func `the size of a picture is read from its header`(
        name: String,
        width: Int,
        height: Int
    ) throws {
        let bytes = try Fixture.bytes("media/valid/\(name)")
        let size = try #require(ImageSize(bytes))
        #expect(size.width == width)
        #expect(size.height == height)
        for length in stride(from: 0, to: 64, by: 1) { _ = ImageSize(Array(bytes[..<length])) }
    }

    @Test func `the commented picture still has its size`() throws {
        let media = EmulatedMedia(.spritesheet, videoID: "video_1", byteCountMin: 0)
        let size = try #require(ImageSize(media.bytes(0..<media.byteCount)))
        #expect(size.width == 640)
        #expect(media.byteCount == (try Fixture.bytes("media/valid/spritesheet.jpg").count) + 11)
    }
}
