internal import ReelSystem

/// A file of configuration, a secret or an event, read whole; nil when it cannot be, or is larger
/// than 16 MiB.
package func readSmallBytes(_ path: String) -> [UInt8]? {
    try? FileSystem.read(path, byteCountMax: 16 << 20)
}

/// The same as text; nil when it is not UTF-8.
package func readSmallFile(_ path: String) -> String? {
    readSmallBytes(path).flatMap { String(validating: $0, as: UTF8.self) }
}
