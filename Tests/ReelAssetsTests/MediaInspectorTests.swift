import ReelAssets
import ReelJSON
import ReelRuntime
import TestSupport
import Testing

struct MediaInspectorTests {
    /// A file of `fixtures/media` and what `expectations.json` says of it.
    struct Expectation: Sendable, CustomTestStringConvertible {
        let file: String
        let contentType: String?
        let rule: String?
        let durationMilliseconds: Int64?
        let width: Int64?
        let height: Int64?
        let byteCount: Int64?

        var testDescription: String { file }
        var medium: MediaInspector.Medium {
            file.hasSuffix("mp4") || file.hasSuffix("webm") ? .video : .image
        }

        static let all: [Expectation] = {
            guard let text = try? Fixture.bytes("media/expectations.json"),
                let entries = try? JSONParser.parse(text).array
            else { return [] }
            return entries.map { entry in
                Expectation(
                    file: "media/" + (entry["file"]?.string ?? ""),
                    contentType: entry["content_type"]?.string,
                    rule: entry["rule"]?.string,
                    durationMilliseconds: entry["duration_ms"]?.integer,
                    width: entry["width"]?.integer,
                    height: entry["height"]?.integer,
                    byteCount: entry["bytes"]?.integer
                )
            }
        }()
        static let valid = all.filter { $0.rule == nil }
        static let broken = all.filter { $0.rule != nil }
    }

    private func inspect(
        _ bytes: [UInt8],
        _ medium: MediaInspector.Medium
    ) throws(AssetError) -> MediaFacts {
        try MediaInspector().inspect(MediaBytes(bytes), as: medium)
    }

    @Test func `the list of expectations is there`() {
        #expect(Expectation.valid.count >= 13)
        #expect(Expectation.broken.count >= 20)
    }

    @Test(arguments: Expectation.valid)
    func `a whole file is read as ffprobe reads it`(_ expected: Expectation) throws {
        let bytes = try Fixture.bytes(expected.file)
        #expect(Int64(bytes.count) == expected.byteCount)
        let facts = try inspect(bytes, expected.medium)
        #expect(facts.contentType == expected.contentType)
        #expect(facts.duration?.wholeMilliseconds == expected.durationMilliseconds)
        #expect(facts.width.map(Int64.init) == expected.width)
        #expect(facts.height.map(Int64.init) == expected.height)
    }

    @Test(arguments: Expectation.broken)
    func `a broken file is refused by the rule that it breaks`(_ expected: Expectation) throws {
        let bytes = try Fixture.bytes(expected.file)
        let rule = try #require(expected.rule)
        #expect(throws: AssetError.notTheMedium(rule: rule)) {
            try inspect(bytes, expected.medium)
        }
    }

    @Test(arguments: Expectation.valid)
    func `a file cut anywhere is refused`(_ expected: Expectation) throws {
        let bytes = try Fixture.bytes(expected.file)
        for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 100)) {
            #expect(throws: AssetError.self, "cut at \(count)") {
                try inspect(Array(bytes.prefix(count)), expected.medium)
            }
        }
    }

    @Test(arguments: ["media/valid/video.mp4", "media/valid/video.webm"])
    func `a video is no image`(_ name: String) throws {
        let bytes = try Fixture.bytes(name)
        #expect(throws: AssetError.notTheMedium(rule: "not_an_image")) {
            try inspect(bytes, .image)
        }
    }

    @Test func `an image is no video`() throws {
        let bytes = try Fixture.bytes("media/valid/thumbnail.webp")
        #expect(throws: AssetError.notTheMedium(rule: "not_a_video")) {
            try inspect(bytes, .video)
        }
    }

    @Test(arguments: Expectation.all)
    func `no mutation traps or takes more than it may`(_ expected: Expectation) throws {
        let original = try Fixture.bytes(expected.file)
        guard !original.isEmpty else { return }
        let random = SeededRandomSource(seed: 20_261_121)
        // What decides is at the front and, where the index is last, at the end.
        for round in 0..<150 {
            var bytes = original
            for _ in 0...random.below(4) {
                let reach = UInt64(round % 2 == 0 ? min(bytes.count, 1200) : bytes.count)
                let index = Int(random.below(reach))
                switch random.below(4) {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF][Int(random.below(5))]
                case 2: bytes.remove(at: index)
                default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                }
                if bytes.isEmpty { break }
            }
            _ = try? inspect(bytes, expected.medium)
        }
    }

    @Test func `a file of countless empty boxes is refused`() throws {
        var bytes = Array(try Fixture.bytes("media/valid/video.mp4").prefix(32))
        for _ in 0..<2000 { bytes += [0, 0, 0, 8] + Array("free".utf8) }
        let inspector = MediaInspector(partCountMax: 1000)
        #expect(throws: AssetError.notTheMedium(rule: "too_many_boxes")) {
            try inspector.inspect(MediaBytes(bytes), as: .video)
        }
    }

    @Test func `a file that shrinks while it is read is refused`() throws {
        let bytes = try Fixture.bytes("media/valid/moov-last.mp4")
        let shrinking = MediaBytes(byteCount: Int64(bytes.count)) { offset, count in
            offset < 8 ? Array(bytes[Int(offset)..<min(bytes.count, Int(offset) + count)]) : []
        }
        #expect(throws: AssetError.self) {
            try MediaInspector().inspect(shrinking, as: .video)
        }
    }
}
