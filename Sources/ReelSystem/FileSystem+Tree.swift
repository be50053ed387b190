internal import Glibc

extension FileSystem {
    /// The deepest nesting that `removeTree` follows.
    private static let depthMax = 64

    /// Removes a name and all below it; links are removed, never followed.
    ///
    /// What is absent already is no error.
    ///
    /// - Throws: What unlinkat(2) gives; `ELOOP` below 64 levels.
    package static func removeTree(_ path: String) throws(SystemError) {
        guard let status = try status(path) else { return }
        guard status.kind == .directory else { return try remove(path) }
        try removeContents(of: try openDirectory(path), depth: 0)
        try ignoringAbsence { () throws(SystemError) in
            try call("rmdir") { unsafe rmdir(path) }
        }
    }

    /// Opens a directory, but no link to one.
    static func openDirectory(_ path: String) throws(SystemError) -> Descriptor {
        let number = try call("open") {
            unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        return Descriptor(owning: number)
    }

    /// The names in an open directory, as readdir(3) gives them.
    static func names(in directory: consuming Descriptor) throws(SystemError) -> [String] {
        let number = directory.number
        guard let stream = unsafe fdopendir(number) else {
            throw SystemError(function: "fdopendir", number: errno)
        }
        // SAFETY: the stream owns the descriptor from here on and is closed below; an entry is
        // read before the next call that could overwrite it.
        _ = directory.release()
        defer { unsafe closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        let failure = errno
        guard failure == 0 else { throw SystemError(function: "readdir", number: failure) }
        return names
    }

    private static func removeContents(
        of directory: consuming Descriptor,
        depth: Int
    ) throws(SystemError) {
        guard depth < depthMax else { throw SystemError(function: "removeTree", number: ELOOP) }
        let number = directory.number
        let listed = Descriptor(owning: try call("dup") { fcntl(number, F_DUPFD_CLOEXEC, 0) })
        for name in try names(in: listed) {
            do {
                try call("unlinkat") { unsafe unlinkat(number, name, 0) }
                continue
            } catch {
                switch error.number {
                case ENOENT: continue
                case EISDIR, EPERM: break
                default: throw error
                }
            }
            let child = try call("openat") {
                unsafe openat(number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            try removeContents(of: Descriptor(owning: child), depth: depth + 1)
            try ignoringAbsence { () throws(SystemError) in
                try call("unlinkat") { unsafe unlinkat(number, name, AT_REMOVEDIR) }
            }
        }
    }

    private static func ignoringAbsence(
        _ body: () throws(SystemError) -> Int32
    ) throws(SystemError) {
        do {
            _ = try body()
        } catch  where error.number == ENOENT {
            return
        }
    }
}
