internal import Glibc

/// The environment of the process, read once.
package func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    // SAFETY: nothing in Reelhook changes the environment, so the block stays as it is while it
    // is read.
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
        let pair = unsafe String(cString: text)
        if let mark = pair.firstIndex(of: "=") {
            variables[String(pair[..<mark])] = String(pair[pair.index(after: mark)...])
        }
        unsafe entry += 1
    }
    return variables
}

/// The number of the process (getpid(2)).
func processID() -> Int32 { getpid() }

/// The processors that the process may use, at least one (sysconf(3)).
func coreCount() -> Int {
    max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// The path as seen from the root; a relative one begins at the working directory (getcwd(3)).
package func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/") else { return path }
    let directory = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
        // SAFETY: getcwd writes at most the buffer's size, its final zero included.
        let start = unsafe UnsafeMutableRawPointer(buffer.baseAddress)?
            .assumingMemoryBound(to: CChar.self)
        guard let start = unsafe start, unsafe getcwd(start, buffer.count) != nil else { return }
        count = unsafe strlen(start)
    }
    let name = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return String(decoding: directory, as: UTF8.self) + "/" + name
}
