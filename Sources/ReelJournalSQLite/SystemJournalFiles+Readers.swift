internal import Glibc

// Who else reads a journal, as the kernel knows the locks on the memory that its readers share.
//
// That file is not opened for it: to close any descriptor of it would let go of all locks that
// SQLite holds on it in this process (fcntl(2), "POSIX locks").
extension SystemJournalFiles {
    /// The bytes by which readers hold a state of a journal (sqlite.org/walformat.html, section 2).
    private static let readMarks: ClosedRange<UInt64> = 123...127
    private static let listedCountMax = 8

    package func readers(of path: String) -> [String] {
        var status = stat()
        guard unsafe stat(path + "-shm", &status) == 0 else { return [] }
        let own = getpid()
        var found: [Int32] = []
        for line in Self.text("/proc/locks").split(separator: "\n") {
            // 1: POSIX  ADVISORY  READ 4711 fd:01:1234 124 124
            // A process that this one's namespace does not know has no number.
            let words = line.split(separator: " ").filter { $0 != "->" }
            guard words.count == 8, words[1] == "POSIX", let process = Int32(words[4]),
                process > 0, process != own, !found.contains(process),
                words[5].split(separator: ":").last.flatMap({ UInt($0) }) == UInt(status.st_ino),
                let first = UInt64(words[6])
            else { continue }
            // The last byte is EOF for a lock without an end.
            let last = max(UInt64(words[7]) ?? .max, first)
            guard (first...last).overlaps(Self.readMarks) else { continue }
            found.append(process)
        }
        return found.prefix(Self.listedCountMax).map { process in
            let name = Self.text("/proc/\(process)/comm").filter { $0.isASCII && !$0.isNewline }
            return name.isEmpty ? "\(process)" : "\(process) (\(name))"
        }
    }

    /// What of a file of the kernel's can be had, up to 256 KiB; empty where there is none.
    private static func text(_ path: String) -> String {
        let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { _ = Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        var count = 0
        while count < bytes.count {
            let read = unsafe bytes[count...].withUnsafeMutableBytes {
                unsafe Glibc.read(file, $0.baseAddress, $0.count)
            }
            guard read > 0 else { break }
            count += read
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
