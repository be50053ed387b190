import ReelRuntime
import TestSupport
import Testing

struct TestSupportTests {
    @Test func `a temporary directory goes with all that is in it`() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(directory).path
        try FileTree.makeDirectory(path + "/sub")
        try FileTree.write([1, 2, 3], to: path + "/sub/file")
        #expect(try FileTree.read(path + "/sub/file") == [1, 2, 3])
        #expect(try FileTree.list(path) == ["sub"])
        #expect(FileTree.isDirectory(path + "/sub"))
        directory = nil
        #expect(!FileTree.exists(path))
    }

    @Test func `pieces add up to the whole, the same for the same seed`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        for feeder in ByteFeeder.all(seed: 5) {
            let pieces = feeder.pieces(of: bytes)
            #expect(pieces.flatMap { $0 } == bytes, "\(feeder)")
            #expect(pieces == feeder.pieces(of: bytes))
            #expect(!pieces.contains { $0.isEmpty })
        }
        #expect(ByteFeeder.whole.pieces(of: []) == [])
        #expect(ByteFeeder.byteByByte.pieces(of: bytes).count == 1000)
    }

    @Test func `fixtures are found`() throws {
        #expect(try Fixture.text("http1/README.md").hasPrefix("# Raw HTTP/1"))
        #expect(try !Fixture.names(in: "http1/valid", suffix: ".http").isEmpty)
        #expect(throws: FileTree.Failure.self) { try Fixture.bytes("none") }
    }
}
