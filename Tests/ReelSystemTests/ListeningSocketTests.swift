import Glibc
import ReelSystem
import TestSupport
import Testing

struct ListeningSocketTests {
    private static let loopback = SocketAddress.v4(0x7F00_0001, port: 0)

    /// How many of the connections that a body makes each listener gets.
    private func accepted(
        _ listener: ListeningSocket,
        _ count: Int,
        on loop: EventLoop
    ) async throws {
        try await withTaskExecutorPreference(loop) {
            for _ in 0..<count {
                let socket = try Socket(try await listener.accept(on: loop), on: loop)
                socket.close()
            }
        }
    }

    @Test func `a port is bound twice only where both share it`() throws {
        let first = try ListeningSocket.bind(Self.loopback, sharesPort: true)
        let second = try ListeningSocket.bind(first.address, sharesPort: true)
        #expect(second.address == first.address)
        #expect(throws: SystemError.self) { try ListeningSocket.bind(first.address) }
        let alone = try ListeningSocket.bind(Self.loopback)
        #expect(throws: SystemError.self) {
            try ListeningSocket.bind(alone.address, sharesPort: true)
        }
    }

    @Test func `the second who listens gets every connection, and the third after it`()
        async throws
    {
        let loop = try EventLoop()
        defer { loop.shutDown() }
        var previous = try ListeningSocket.bind(Self.loopback, sharesPort: true)
        let port = previous.address.port
        _ = try await TCPClient.connect(port: port)
        try await accepted(previous, 1, on: loop)
        for _ in 0..<3 {
            let next = try ListeningSocket.bind(previous.address, sharesPort: true)
            for _ in 0..<50 { _ = try await TCPClient.connect(port: port) }
            try await accepted(next, 50, on: loop)
            let left = try await withTaskExecutorPreference(loop) { [previous] in
                defer { previous.close(on: loop) }
                return try previous.acceptLast()
            }
            #expect(left == nil)
            // Alone again.
            for _ in 0..<10 { _ = try await TCPClient.connect(port: port) }
            try await accepted(next, 10, on: loop)
            previous = next
        }
        await withTaskExecutorPreference(loop) { [previous] in previous.close(on: loop) }
    }

    @Test func `what was handed over is taken if it listens, and refused otherwise`() throws {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let copy = dup(number)
        #expect(throws: SystemError(function: "getsockopt", number: EINVAL)) {
            try ListeningSocket.inherited(copy)
        }
        listen(number, 5)
        let listener = try ListeningSocket.inherited(number)
        #expect(listener.address.host == "0.0.0.0")
        #expect(listener.address.port != 0)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
        let file = unsafe open("/dev/null", O_RDONLY)
        #expect(throws: SystemError.self) { try ListeningSocket.inherited(file) }
        #expect(throws: SystemError(function: "fcntl", number: EBADF)) {
            try ListeningSocket.inherited(1 << 20)
        }
    }
}
