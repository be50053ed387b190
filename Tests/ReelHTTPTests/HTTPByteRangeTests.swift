import ReelHTTP
import Testing

struct HTTPByteRangeTests {
    @Test(
        arguments: [
            ("bytes=0-4", 10, 0, 5), ("bytes=5-", 10, 5, 10), ("bytes=-3", 10, 7, 10),
            ("bytes=-30", 10, 0, 10), ("bytes=0-0", 1, 0, 1), ("bytes=9-99", 10, 9, 10),
            ("BYTES=1-2", 10, 1, 3), ("bytes= 1-2 ", 10, 1, 3),
            ("bytes=0-99999999999999999999", 10, 0, 10), ("bytes=-99999999999999999999", 10, 0, 10),
            ("bytes=0-9223372036854775807", 10, 0, 10),
        ] as [(String, Int64, Int64, Int64)]
    )
    func `one satisfiable range is a part`(header: String, size: Int64, from: Int64, to: Int64) {
        guard case .part(let range) = HTTPByteRange.parse(header, size: size) else {
            Issue.record("\(header) is no part")
            return
        }
        #expect(range.offsets == from..<to)
        #expect(range.byteCount == to - from)
        #expect(range.contentRange == "bytes \(from)-\(to - 1)/\(size)")
        let read = HTTPContentRange(range.contentRange)
        #expect(read?.offsets == from..<to)
        #expect(read?.size == size)
    }

    @Test(arguments: [
        "bytes=0-1,3-4", "bytes=", "bytes", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=1",
        "items=0-1", "bytes=0-1-2", "bytes=0x1-2", "bytes=+1-2", "bytes=--1", "",
        "bytes=1 -2", "bytes=0-1;2",
    ])
    func `what is malformed or several ranges is passed over`(header: String) {
        #expect(HTTPByteRange.parse(header, size: 10) == .whole)
    }

    @Test(
        arguments: [
            ("bytes=10-", 10), ("bytes=10-20", 10), ("bytes=-0", 10), ("bytes=0-", 0),
            ("bytes=-1", 0),
            ("bytes=99999999999999999999-", 10),
        ] as [(String, Int64)]
    )
    func `a range beyond the end is not satisfiable`(header: String, size: Int64) {
        #expect(HTTPByteRange.parse(header, size: size) == .notSatisfiable)
    }

    @Test func `no field means the whole`() {
        #expect(HTTPByteRange.parse(nil, size: 10) == .whole)
        #expect(HTTPByteRange.unsatisfiedContentRange(size: 10) == "bytes */10")
    }

    @Test func `a content range may leave out one side`() {
        #expect(HTTPContentRange("bytes */10")?.offsets == nil)
        #expect(HTTPContentRange("bytes */10")?.size == 10)
        #expect(HTTPContentRange("Bytes 0-4/*")?.offsets == 0..<5)
        #expect(HTTPContentRange("bytes 0-4/*")?.size == nil)
    }

    @Test(arguments: [
        "bytes 5-4/10", "bytes 0-10/10", "bytes */*", "bytes 0-4", "bytes=0-4/10", "0-4/10",
        "bytes 0-4/10/10", "bytes -4/10", "bytes 0-/10", "bytes 0-4/", "bytes a-b/c",
        "items 0-4/10",
        "bytes +0-4/10", "bytes 0-9223372036854775807/*", "bytes 0-4/99999999999999999999", "",
    ])
    func `a malformed content range is none`(text: String) {
        #expect(HTTPContentRange(text) == nil)
    }
}
