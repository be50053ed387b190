import ReelAssets
import ReelSystem
import TestSupport
import Testing

/// What is on disk of a directory, and of those above it.
struct DurableDirectoryTests {
    @Test func `no directory is begun in one that is not on disk`() throws {
        let base = try TemporaryDirectory()
        // The folder that is there, and each of three: made, and its name waited for.
        for stepCount in 0..<8 {
            let top = base.file("\(stepCount)")
            let disk = BreakingDisk(after: stepCount)
            #expect(throws: AssetError.disk(code: 5), "step \(stepCount)") {
                try disk.createDurableDirectory(top + "/middle/data", permissions: 0o700)
            }
            #expect(FileTree.exists(top) == (stepCount > 2))
            #expect(FileTree.exists(top + "/middle") == (stepCount > 4))
            #expect(FileTree.exists(top + "/middle/data") == (stepCount > 6))
        }
        let path = base.file("whole/middle/data/")
        try BreakingDisk(after: 8).createDurableDirectory(path, permissions: 0o700)
        #expect(FileTree.exists(path))
    }

    @Test func `one that is there is waited for again`() throws {
        let base = try TemporaryDirectory()
        try SystemDisk().createDurableDirectory(base.path, permissions: 0o700)
        #expect(throws: AssetError.disk(code: 5)) {
            try BreakingDisk(after: 1).createDurableDirectory(base.path, permissions: 0o700)
        }
    }
}
