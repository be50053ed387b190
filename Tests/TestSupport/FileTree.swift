internal import Glibc
package import ReelRuntime

/// The few file operations that tests need to set up and look at what is under test.
package enum FileTree {
    /// A call that failed, with the path, which in a test is no secret.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ function: String, _ path: String, _ number: Int32) {
            description = "\(function) \(path): error \(number)"
        }
    }

    /// The whole content of a file.
    package static func read(_ path: String) throws -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("open", path, errno) }
        defer { _ = close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            guard count >= 0 else { throw Failure("read", path, errno) }
            guard count > 0 else { return content }
            content.append(contentsOf: buffer[..<count])
        }
    }

    /// Replaces a file's content, or makes the file.
    package static func write(_ content: [UInt8], to path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("open", path, errno) }
        defer { _ = close(descriptor) }
        var written = 0
        while written < content.count {
            let count = unsafe content[written...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw Failure("write", path, errno) }
            written += count
        }
    }

    package static func makeDirectory(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 else { throw Failure("mkdir", path, errno) }
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func list(_ path: String) throws -> [String] {
        guard let directory = unsafe opendir(path) else { throw Failure("opendir", path, errno) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// When a file's content was written last.
    package static func modificationTime(_ path: String) throws -> Timestamp {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw Failure("stat", path, errno) }
        return Timestamp(secondsSinceEpoch: Int64(status.st_mtim.tv_sec))
    }

    package static func setModificationTime(_ path: String, _ moment: Timestamp) throws {
        let second = Int(moment.millisecondsSinceEpoch / 1_000)
        let times = [timespec](repeating: timespec(tv_sec: second, tv_nsec: 0), count: 2)
        guard unsafe utimensat(AT_FDCWD, path, times, 0) == 0 else {
            throw Failure("utimensat", path, errno)
        }
    }

    /// Whether there is anything under that name, a dangling link included.
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// Whether the name is a directory itself, not a link to one.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes what is there, with all that is in it; what cannot be removed stays.
    package static func remove(_ path: String) {
        guard isDirectory(path) else {
            _ = unsafe unlink(path)
            return
        }
        for name in (try? list(path)) ?? [] { remove(path + "/" + name) }
        _ = unsafe rmdir(path)
    }
}
