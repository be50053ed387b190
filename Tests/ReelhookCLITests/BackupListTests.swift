import ReelSystem
import TestSupport
import Testing

@testable import ReelhookCLI

struct BackupListTests {
    private func line(_ path: String) -> BackupList.Line {
        let sha256 = String(repeating: "a", count: 64)
        return BackupList.Line(path: path, content: FileCopy(byteCount: 3, sha256: sha256))
    }

    private func write(_ lines: [BackupList.Line], _ directory: String) throws {
        var writer = try BackupList.Writer(
            directory,
            madeAt: "2026-11-21T10:00:00Z",
            schema: 1,
            lastSequence: 7
        )
        for line in lines { try writer.add(line) }
        try writer.finish()
    }

    @Test func `what is written is read`() throws {
        let directory = try TemporaryDirectory()
        let lines = [line("reelhook.db")] + (1...2_000).map { line("videos/v\($0)/video.mp4") }
        try write(lines, directory.path)
        let list = try BackupList.read(directory.path)
        #expect(list.lines == lines)
        #expect(list.byteCount == 3 * 2_001)
        #expect(list.lastSequence == 7)
        #expect(list.madeAt == "2026-11-21T10:00:00Z")
    }

    @Test(arguments: [
        "reelhook.db", "videos/v/video.mp4", ".incoming/v.video.00000000.part",
    ])
    func `a path of a backup is taken`(path: String) {
        #expect(BackupList.isPath(path))
    }

    @Test(arguments: [
        "", "/", "other.db", "/etc/passwd", "videos/../x", "videos//x", "videos/v", "videos/v/./x",
        "../videos/v/x", "videos/v/..", "a/b/c/d", ".incoming/..", "videos/v/x\0y",
    ])
    func `a path that leads elsewhere is refused`(path: String) throws {
        #expect(!BackupList.isPath(path))
        let directory = try TemporaryDirectory()
        try write([line("reelhook.db"), line(path)], directory.path)
        #expect(throws: Failure.self) { try BackupList.read(directory.path) }
    }

    @Test func `a list that was cut, or counts wrong, is refused`() throws {
        let directory = try TemporaryDirectory()
        try write([line("reelhook.db"), line("videos/v/video.mp4")], directory.path)
        let path = directory.file(BackupList.fileName)
        let whole = try FileTree.read(path)
        for count in 0..<(whole.count - 1) {
            try FileTree.write(Array(whole.prefix(count)), to: path)
            #expect(throws: Failure.self, "\(count) bytes") { try BackupList.read(directory.path) }
        }
        let twice = [line("reelhook.db"), line("reelhook.db")]
        let other = try TemporaryDirectory()
        try write(twice, other.path)
        #expect(throws: Failure.self) { try BackupList.read(other.path) }
    }
}
