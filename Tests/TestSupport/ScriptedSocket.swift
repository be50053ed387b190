internal import Glibc

/// A blocking stream socket, closed when it is let go.
final class ScriptedSocket: Sendable {
    /// A system call failed while a test was set up.
    struct Failure: Error {
        let call: String
        let code: Int32
    }

    private let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static func listening(unixSocketPath: String?) throws -> ScriptedSocket {
        let family = unixSocketPath == nil ? AF_INET : AF_UNIX
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
        let listener = ScriptedSocket(descriptor: descriptor)
        let status =
            if let unixSocketPath {
                bindUnix(descriptor, unixSocketPath)
            } else {
                bindLoopback(descriptor)
            }
        guard status == 0 else { throw Failure(call: "bind", code: errno) }
        guard listen(descriptor, 128) == 0 else { throw Failure(call: "listen", code: errno) }
        return listener
    }

    private static func bindLoopback(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // SAFETY: a sockaddr_in is what the kernel reads for AF_INET, and its size is given.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func bindUnix(_ descriptor: Int32, _ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.utf8.count < room.count else { return false }
            unsafe room.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { return -1 }
        // SAFETY: a sockaddr_un is what the kernel reads for AF_UNIX, and its size is given.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The port that a loopback listener was given.
    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: the kernel writes at most `length` bytes, which is the size of the structure.
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return status == 0 ? UInt16(bigEndian: address.sin_port) : 0
    }

    /// Waits for a connection; nil once the listener is shut down.
    func accept() -> ScriptedSocket? {
        while true {
            let accepted = Glibc.accept(descriptor, nil, nil)
            if accepted >= 0 {
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                return ScriptedSocket(descriptor: accepted)
            }
            guard errno == EINTR || errno == ECONNABORTED else { return nil }
        }
    }

    /// Waits for bytes; empty when the peer has ended or the connection broke.
    func receive() -> [UInt8] {
        while true {
            var received = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { room, count in
                unsafe received = recv(descriptor, room.baseAddress, room.count, 0)
                count = max(0, received)
            }
            guard received < 0, errno == EINTR else { return bytes }
        }
    }

    /// Writes everything; false when the peer is gone.
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor,
                    $0.baseAddress,
                    $0.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Ends both directions, which wakes a thread that waits in `accept` or `receive`.
    func shutDown() {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Makes the close send a reset instead of an orderly end.
    func resetWhenClosed() {
        var option = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, size)
    }
}
