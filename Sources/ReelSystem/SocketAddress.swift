internal import CReelLinux
internal import Glibc

/// Where a socket listens or who is at its other end.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address, its first byte in the high bits.
    case v4(UInt32, port: UInt16)
    /// An IPv6 address of 16 bytes; the scope is that of a link-local one, 0 otherwise.
    case v6([UInt8], port: UInt16, scope: UInt32)
    /// A Unix socket; empty for the unnamed end of one.
    case unix(path: String)

    /// Reads a numeric address, with or without brackets, or `localhost`, which is 127.0.0.1.
    ///
    /// Names are not looked up: where a service listens must not depend on a name server.
    package init?(host: String, port: UInt16) {
        let text = host == "localhost" ? "127.0.0.1" : host
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr), port: port)
            return
        }
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        var v6 = in6_addr()
        guard
            unsafe inet_pton(
                AF_INET6,
                isBracketed ? String(text.dropFirst().dropLast()) : text,
                &v6
            ) == 1
        else { return nil }
        self = .v6(unsafe withUnsafeBytes(of: v6) { unsafe Array($0) }, port: port, scope: 0)
    }

    /// The address without the port: numeric, or the path of a Unix socket.
    package var host: String {
        switch self {
        case .v4(let address, _):
            return (0..<4).map { String(address >> (24 - 8 * $0) & 255) }.joined(separator: ".")
        case .v6(let bytes, _, _):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let capacity = socklen_t(text.count)
            _ = unsafe inet_ntop(AF_INET6, bytes, &text, capacity)
            let used = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return String(decoding: used, as: UTF8.self)
        case .unix(let path):
            return path
        }
    }

    /// The port; 0 for a Unix socket.
    package var port: UInt16 {
        switch self {
        case .v4(_, let port), .v6(_, let port, _): port
        case .unix: 0
        }
    }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool {
        switch self {
        case .v4(let address, _): address >> 24 == 127
        case .v6(let bytes, _, _): bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
        case .unix: true
        }
    }

    /// `127.0.0.1:8080`, `[::1]:8080` or a path.
    package var description: String {
        switch self {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        case .unix(let path): path
        }
    }

    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Reads what the kernel filled in; nil for a family that is none of ours.
    init?(_ storage: sockaddr_storage, length: socklen_t) {
        // SAFETY: a sockaddr_storage is made to be read as the structure of its family.
        switch Int32(storage.ss_family) {
        case AF_INET:
            let address = unsafe withUnsafeBytes(of: storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in.self)
            }
            let port = UInt16(bigEndian: address.sin_port)
            self = .v4(UInt32(bigEndian: address.sin_addr.s_addr), port: port)
        case AF_INET6:
            let address = unsafe withUnsafeBytes(of: storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in6.self)
            }
            self = .v6(
                unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe Array($0) },
                port: UInt16(bigEndian: address.sin6_port),
                scope: address.sin6_scope_id
            )
        case AF_UNIX:
            let start = MemoryLayout<sa_family_t>.size
            let path = unsafe withUnsafeBytes(of: storage) { bytes in
                unsafe bytes[start..<max(start, min(Int(length), bytes.count))].prefix { $0 != 0 }
                    .map { $0 }
            }
            self = .unix(path: String(decoding: path, as: UTF8.self))
        default:
            return nil
        }
    }

    /// Gives a call the structure that it wants.
    ///
    /// - Throws: `ENAMETOOLONG` for a Unix path beyond the 107 bytes of unix(7), `EINVAL` for one
    ///   with a NUL; else what `body` throws.
    func withRaw<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        var storage = sockaddr_storage()
        let length: Int
        switch self {
        case .v4(let address, let port):
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = address.bigEndian
            length = MemoryLayout<sockaddr_in>.size
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: raw, as: sockaddr_in.self)
            }
        case .v6(let bytes, let port, let scope):
            var raw = sockaddr_in6()
            raw.sin6_family = sa_family_t(AF_INET6)
            raw.sin6_port = port.bigEndian
            raw.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &raw.sin6_addr) {
                unsafe $0.copyBytes(from: bytes.prefix(16))
            }
            length = MemoryLayout<sockaddr_in6>.size
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: raw, as: sockaddr_in6.self)
            }
        case .unix(let path):
            let name = Array(path.utf8)
            guard name.count <= 107 else {
                throw SystemError(function: "bind", number: ENAMETOOLONG)
            }
            guard !name.isEmpty, !name.contains(0) else {
                throw SystemError(function: "bind", number: EINVAL)
            }
            storage.ss_family = sa_family_t(AF_UNIX)
            let start = MemoryLayout<sa_family_t>.size
            length = start + name.count + 1
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe UnsafeMutableRawBufferPointer(rebasing: $0[start...]).copyBytes(from: name)
            }
        }
        let outcome: Swift.Result<Result, SystemError> = unsafe withUnsafeBytes(of: &storage) {
            raw in
            // SAFETY: storage is aligned for every kind of sockaddr and outlives the call.
            Swift.Result { () throws(SystemError) in
                guard let base = raw.baseAddress else {
                    throw SystemError(function: "bind", number: EINVAL)
                }
                return try unsafe body(
                    base.assumingMemoryBound(to: sockaddr.self),
                    socklen_t(length)
                )
            }
        }
        return try outcome.get()
    }
}
