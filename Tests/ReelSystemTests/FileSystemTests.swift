import ReelSystem
import TestSupport
import Testing

struct FileSystemTests {
    @Test func `directories are made with those above them, and again`() async throws {
        try await withTemporaryFolder { folder in
            let deep = folder + "/a/b/c"
            let error = #expect(throws: SystemError.self) {
                try FileSystem.createDirectory(deep)
            }
            #expect(error?.name == "ENOENT")
            try FileSystem.createDirectory(deep, intermediates: true)
            try FileSystem.createDirectory(deep + "/", intermediates: true)
            #expect(try FileSystem.status(deep)?.kind == .directory)
            #expect(try FileSystem.status(folder + "/a")?.permissions == 0o700)
            try FileSystem.synchronizeDirectory(deep)
        }
    }

    @Test func `a directory is not made where a file is`() async throws {
        try await withTemporaryFolder { folder in
            _ = try File.open(folder + "/a", .createNew)
            let error = #expect(throws: SystemError.self) {
                try FileSystem.createDirectory(folder + "/a")
            }
            #expect(error?.name == "ENOTDIR")
        }
    }

    @Test func `a rename replaces only when told to`() async throws {
        try await withTemporaryFolder { folder in
            try File.open(folder + "/a", .createNew).write([1])
            try File.open(folder + "/b", .createNew).write([2])
            let error = #expect(throws: SystemError.self) {
                try FileSystem.rename(folder + "/a", to: folder + "/b", replacing: false)
            }
            #expect(error?.name == "EEXIST")
            try FileSystem.rename(folder + "/a", to: folder + "/b", replacing: true)
            #expect(try FileSystem.list(folder) == ["b"])
            #expect(try FileSystem.read(folder + "/b", byteCountMax: 1) == [1])
        }
    }

    @Test func `a tree is removed and links out of it are not followed`() async throws {
        try await withTemporaryFolder { folder in
            try FileSystem.createDirectory(folder + "/kept")
            _ = try File.open(folder + "/kept/file", .createNew)
            try FileSystem.createDirectory(folder + "/tree/x/y", intermediates: true)
            for name in ["a", "x/b", "x/y/c"] {
                _ = try File.open(folder + "/tree/" + name, .createNew)
            }
            try FileSystem.createSymbolicLink(folder + "/tree/x/out", to: folder + "/kept")
            try FileSystem.removeTree(folder + "/tree")
            try FileSystem.removeTree(folder + "/tree")
            #expect(try FileSystem.list(folder) == ["kept"])
            #expect(try FileSystem.list(folder + "/kept") == ["file"])
        }
    }

    @Test func `what is absent has no status and is removed without complaint`() async throws {
        try await withTemporaryFolder { folder in
            #expect(try FileSystem.status(folder + "/none") == nil)
            try FileSystem.remove(folder + "/none")
        }
    }

    @Test func `free space is told`() throws {
        #expect(try FileSystem.freeByteCount("/tmp") > 0)
    }
}
