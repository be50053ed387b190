internal import Glibc
internal import ReelRuntime

/// A raw client over TCP or a Unix socket, for tests that decide every byte on the wire.
///
/// Each call blocks a thread of its own for at most a minute, and none of the shared pool.
package final class TCPClient: Sendable {
    /// A call that failed, with its `errno`.
    package struct Failure: Error, CustomStringConvertible {
        package let function: String
        package let number: Int32

        /// Whether the peer cut the connection rather than closing it.
        package var isReset: Bool { number == ECONNRESET || number == EPIPE }
        package var isTimeout: Bool { number == EAGAIN }
        package var description: String { "\(function) failed with errno \(number)" }
    }

    private let descriptor: Locked<Int32?>

    private init(_ descriptor: Int32) {
        self.descriptor = Locked(descriptor)
    }

    deinit { close() }

    /// Connects to a port of 127.0.0.1.
    package static func connect(port: UInt16) async throws -> TCPClient {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let raw = unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
        return try await connect(AF_INET, raw)
    }

    /// Connects to a Unix socket.
    package static func connect(path: String) async throws -> TCPClient {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8.prefix($0.count - 1))
        }
        let raw = unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
        return try await connect(AF_UNIX, raw)
    }

    /// Writes all bytes.
    package func send(_ bytes: [UInt8]) async throws {
        let number = try open()
        try await onOwnThread {
            var sent = 0
            while sent < bytes.count {
                let start = sent
                sent += try check("send") {
                    unsafe bytes.withUnsafeBytes { all in
                        let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
                        return unsafe Glibc.send(
                            number,
                            rest.baseAddress,
                            rest.count,
                            Int32(MSG_NOSIGNAL)
                        )
                    }
                }
            }
        }
    }

    /// Writes a text.
    package func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Up to `countMax` bytes as they come; empty once the peer has closed.
    package func receive(_ countMax: Int = 65_536) async throws -> [UInt8] {
        let number = try open()
        return try await onOwnThread {
            var bytes = [UInt8](repeating: 0, count: countMax)
            let count = try check("recv") {
                unsafe bytes.withUnsafeMutableBytes {
                    unsafe recv(number, $0.baseAddress, $0.count, 0)
                }
            }
            return Array(bytes.prefix(count))
        }
    }

    /// All that the peer sends until it closes.
    package func receiveToEnd() async throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let next = try await receive()
            if next.isEmpty { return all }
            all += next
        }
    }

    /// All that the peer sends until it closes, as text.
    package func receiveTextToEnd() async throws -> String {
        String(decoding: try await receiveToEnd(), as: UTF8.self)
    }

    /// One response as text, its end found by `Content-Length`, by chunks, or by there being no
    /// content; it reads not a byte beyond it.
    package func receiveResponse(isHead: Bool = false) async throws -> String {
        let head = try await receive(through: "\r\n\r\n")
        let lines = String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first ?? ""
        if isHead || status.hasPrefix("1") || status == "204" || status == "304" {
            return String(decoding: head, as: UTF8.self)
        }
        var body: [UInt8] = []
        if lines.contains("transfer-encoding: chunked") {
            var line = ""
            while line != "0\r\n" {
                line = String(decoding: try await receive(through: "\r\n"), as: UTF8.self)
                let count = Int(line.dropLast(1), radix: 16) ?? 0
                body += Array(line.utf8)
                body += try await receive(exactly: count + 2)
            }
        } else if let line = lines.first(where: { $0.hasPrefix("content-length: ") }) {
            body = try await receive(exactly: Int(line.dropFirst(16)) ?? 0)
        }
        return String(decoding: head + body, as: UTF8.self)
    }

    /// Exactly that many bytes.
    package func receive(exactly count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let next = try await receive(count - bytes.count)
            guard !next.isEmpty else { throw Failure(function: "recv", number: 0) }
            bytes += next
        }
        return bytes
    }

    /// Everything up to and including a marker, byte by byte so that nothing after it is taken.
    package func receive(through marker: String) async throws -> [UInt8] {
        let number = try open()
        let end = Array(marker.utf8)
        return try await onOwnThread {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while bytes.suffix(end.count) != end[...] {
                let count = try check("recv") { unsafe recv(number, &byte, 1, 0) }
                guard count == 1 else { throw Failure(function: "recv", number: 0) }
                bytes.append(byte)
            }
            return bytes
        }
    }

    /// Sends no more, and goes on receiving.
    package func shutDownWriting() throws {
        _ = shutdown(try open(), Int32(SHUT_WR))
    }

    /// Closes with a reset instead of an end.
    package func reset() throws {
        var option = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        _ = unsafe setsockopt(try open(), SOL_SOCKET, SO_LINGER, &option, size)
        close()
    }

    /// Closes; legal twice.
    package func close() {
        let number = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let number { _ = Glibc.close(number) }
    }

    private func open() throws -> Int32 {
        guard let number = descriptor.withLock({ $0 }) else {
            throw Failure(function: "open", number: EBADF)
        }
        return number
    }

    private static func connect(_ family: Int32, _ address: [UInt8]) async throws -> TCPClient {
        try await onOwnThread {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            let number = Int32(try check("socket") { Int(socket(family, kind, 0)) })
            let client = TCPClient(number)
            var limit = timeval(tv_sec: 60, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                _ = unsafe setsockopt(number, SOL_SOCKET, option, &limit, size)
            }
            _ = try check("connect") {
                unsafe address.withUnsafeBytes { raw in
                    guard let base = raw.baseAddress else { return -1 }
                    // SAFETY: the bytes are those of the family's own structure.
                    return unsafe Int(
                        Glibc.connect(
                            number,
                            base.assumingMemoryBound(to: sockaddr.self),
                            socklen_t(raw.count)
                        )
                    )
                }
            }
            return client
        }
    }
}

private func check(_ function: String, _ body: () -> Int) throws -> Int {
    while true {
        let result = body()
        if result >= 0 { return result }
        guard errno == EINTR else {
            throw TCPClient.Failure(function: function, number: errno)
        }
    }
}

private func onOwnThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    let thread = Locked<NamedThread?>(nil)
    let value: Value
    do {
        value = try await withCheckedThrowingContinuation { continuation in
            let started = NamedThread("client") {
                continuation.resume(with: Result(catching: body))
            }
            thread.withLock { $0 = started }
        }
    } catch {
        thread.withLock { $0 }?.join()
        throw error
    }
    thread.withLock { $0 }?.join()
    return value
}
