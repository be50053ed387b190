import ReelSystem
import TestSupport
import Testing

struct FileTests {
    @Test func `what is written is read back`() async throws {
        try await withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .createNew)
            try file.write(Array("hello".utf8))
            try file.write(Array(" world".utf8))
            try file.write(Array("J".utf8), at: 0)
            try file.synchronize()
            #expect(try file.byteCount == 11)
            #expect(try file.read(at: 0, count: 100) == Array("Jello world".utf8))
            #expect(try file.read(at: 6, count: 3) == Array("wor".utf8))
            #expect(try file.read(at: 11, count: 3) == [])
            try file.truncate(to: 5)
            #expect(try FileSystem.read(folder + "/a", byteCountMax: 5) == Array("Jello".utf8))
        }
    }

    @Test func `a new file is private and not made over another`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/a"
            _ = try File.open(path, .createNew)
            #expect(try FileSystem.status(path)?.permissions == 0o600)
            let error = #expect(throws: SystemError.self) { try File.open(path, .createNew) }
            #expect(error?.name == "EEXIST")
        }
    }

    @Test func `appending writes at the end`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/log"
            for word in ["one", "two"] { try File.open(path, .append).write(Array(word.utf8)) }
            #expect(try FileSystem.read(path, byteCountMax: 100) == Array("onetwo".utf8))
            try File.open(path, .truncate).write([0x21])
            #expect(try FileSystem.read(path, byteCountMax: 100) == [0x21])
        }
    }

    @Test func `a file over the limit is refused`() async throws {
        try await withTemporaryFolder { folder in
            try File.open(folder + "/a", .createNew).write([1, 2, 3])
            let error = #expect(throws: SystemError.self) {
                try FileSystem.read(folder + "/a", byteCountMax: 2)
            }
            #expect(error?.name == "EFBIG")
        }
    }

    @Test func `only one holds the lock of a file`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/lock"
            var first: File? = try File.open(path, .readWriteCreate)
            let second = try File.open(path, .readWriteCreate)
            #expect(try first?.lock() == true)
            #expect(try second.lock() == false)
            first = nil
            #expect(try second.lock())
        }
    }

    @Test func `an error names call and symbol`() {
        let error = #expect(throws: SystemError.self) { try File.open("/nowhere/at/all", .read) }
        #expect(error == SystemError(function: "open", number: 2))
        #expect(error?.description == "open: No such file or directory (ENOENT)")
    }
}
