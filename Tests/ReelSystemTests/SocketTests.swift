import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct SocketTests {
    /// Runs a body with one accepted socket on a loop and the client at its other end.
    private func withConnection(
        _ body: @escaping @Sendable (Socket, TCPClient) async throws -> Void
    ) async throws {
        let loop = try EventLoop()
        defer { loop.shutDown() }
        let listener = try ListeningSocket.bind(.v4(0x7F00_0001, port: 0))
        let client = try await TCPClient.connect(port: listener.address.port)
        try await withTaskExecutorPreference(loop) {
            let socket = try Socket(try await listener.accept(on: loop), on: loop)
            defer { socket.close() }
            #expect(socket.peer.host == "127.0.0.1")
            try await body(socket, client)
        }
    }

    @Test func `bytes go both ways and the end is seen`() async throws {
        try await withConnection { socket, client in
            var buffer = [UInt8](repeating: 0, count: 8)
            try await client.send("hello")
            var received: [UInt8] = []
            while received.count < 5 {
                let count = try await socket.read(into: &buffer, until: .after(.seconds(60)))
                received += buffer.prefix(count)
            }
            #expect(received == Array("hello".utf8))
            try await socket.write(Array("there".utf8).span, until: .after(.seconds(60)))
            let answer = try await client.receive(exactly: 5)
            #expect(answer == Array("there".utf8))
            try client.shutDownWriting()
            let count = try await socket.read(into: &buffer, until: .after(.seconds(60)))
            #expect(count == 0)
            socket.shutDownWriting()
            let end = try await client.receiveToEnd()
            #expect(end.isEmpty)
        }
    }

    @Test func `data and end that come at once are both seen`() async throws {
        try await withConnection { socket, client in
            try await client.send("x")
            client.close()
            // So that the one edge that tells of both has come before the first read.
            await socket.loop.sleep(until: .after(.milliseconds(5)))
            var buffer = [UInt8](repeating: 0, count: 8)
            let first = try await socket.read(into: &buffer, until: .after(.seconds(60)))
            #expect(first == 1)
            let second = try await socket.read(into: &buffer, until: .after(.seconds(60)))
            #expect(second == 0)
        }
    }

    @Test func `a wait ends at its deadline, and the socket goes on`() async throws {
        try await withConnection { socket, client in
            var buffer = [UInt8](repeating: 0, count: 8)
            for _ in 0..<3 {
                await #expect(throws: SocketError.timedOut) {
                    try await socket.read(into: &buffer, until: .after(.milliseconds(3)))
                }
            }
            try await client.send("x")
            let count = try await socket.read(into: &buffer, until: .after(.seconds(60)))
            #expect(count == 1)
        }
    }

    @Test func `what came in time is read, however late the loop gets to it`() async throws {
        let loop = try EventLoop()
        defer { loop.shutDown() }
        let listener = try ListeningSocket.bind(.v4(0x7F00_0001, port: 0))
        // More than a loop asks the kernel for at once.
        let count = 300
        let outcomes = try await withTaskExecutorPreference(loop) {
            var clients: [TCPClient] = []
            var sockets: [Socket] = []
            for _ in 0..<count {
                clients.append(try await TCPClient.connect(port: listener.address.port))
                sockets.append(try Socket(try await listener.accept(on: loop), on: loop))
            }
            defer { for socket in sockets { socket.close() } }
            let deadline = Deadline.after(.milliseconds(50))
            let (isHeldUp, isSent) = (Locked(false), Locked(false))
            return await withTaskGroup(of: Bool.self) { group in
                for socket in sockets {
                    group.addTask {
                        var buffer = [UInt8](repeating: 0, count: 8)
                        return (try? await socket.read(into: &buffer, until: deadline)) == 1
                    }
                }
                group.addTask {
                    isHeldUp.withLock { $0 = true }
                    while !isSent.withLock({ $0 }) || Deadline.now() <= deadline {}
                    return true
                }
                group.addTask(executorPreference: globalConcurrentExecutor) { [clients] in
                    while !isHeldUp.withLock({ $0 }) { await Task.yield() }
                    for client in clients { try? await client.send("x") }
                    isSent.withLock { $0 = true }
                    return true
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(outcomes.allSatisfy { $0 } && outcomes.count == count + 2)
    }

    @Test func `a slow reader holds the writer up until the deadline`() async throws {
        try await withConnection { socket, client in
            let much = [UInt8](repeating: 7, count: 32 << 20)
            await #expect(throws: SocketError.timedOut) {
                try await socket.write(much.span, until: .after(.milliseconds(50)))
            }
            withExtendedLifetime(client) {}
        }
    }

    @Test func `much is written whole to one that reads`() async throws {
        try await withConnection { socket, client in
            let much = [UInt8](repeating: 65, count: 12 << 20) + [66]
            async let received = client.receive(exactly: much.count)
            try await socket.write(much.span, until: .after(.seconds(60)))
            let all = try await received
            let isWhole = all == much
            #expect(isWhole)
        }
    }

    @Test func `cancelling ends a wait from another thread`() async throws {
        try await withConnection { socket, client in
            var buffer = [UInt8](repeating: 0, count: 8)
            let thread = NamedThread("canceller") { socket.cancel() }
            await #expect(throws: SocketError.cancelled) {
                try await socket.read(into: &buffer, until: .never)
            }
            await #expect(throws: SocketError.cancelled) {
                try await socket.write([1].span, until: .never)
            }
            thread.join()
            withExtendedLifetime(client) {}
        }
    }

    @Test func `writing to one that has gone is an error`() async throws {
        try await withConnection { socket, client in
            try client.reset()
            await #expect(throws: SocketError.disconnected) {
                // More than the kernel buffers, so that a late reset is waited for.
                let piece = [UInt8](repeating: 1, count: 64 << 10)
                for _ in 0..<1000 {
                    try await socket.write(piece.span, until: .after(.seconds(60)))
                }
            }
        }
    }

    @Test func `accepting ends when cancelled, before and while it waits`() async throws {
        let loop = try EventLoop()
        let listener = try ListeningSocket.bind(.v4(0x7F00_0001, port: 0))
        await withTaskExecutorPreference(loop) {
            let thread = NamedThread("canceller") { listener.cancel(on: loop) }
            for _ in 0..<2 {
                await #expect(throws: SocketError.cancelled) {
                    _ = try await listener.accept(on: loop)
                }
            }
            thread.join()
        }
        loop.shutDown()
    }

    @Test func `a port that is taken says so`() throws {
        let listener = try ListeningSocket.bind(.v4(0x7F00_0001, port: 0))
        let error = #expect(throws: SystemError.self) {
            try ListeningSocket.bind(listener.address)
        }
        #expect(error?.name == "EADDRINUSE")
    }

    @Test func `a Unix socket is private, and taken over only when nobody answers`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            var listener: ListeningSocket? = try ListeningSocket.bind(.unix(path: path))
            #expect(try FileSystem.status(path)?.permissions == 0o600)
            let error = #expect(throws: SystemError.self) {
                try ListeningSocket.bind(.unix(path: path))
            }
            #expect(error?.name == "EADDRINUSE")
            // What a process that was killed leaves behind: the file without anyone behind it.
            try FileSystem.rename(path, to: path + ".kept", replacing: false)
            withExtendedLifetime(listener) { listener = nil }
            try FileSystem.rename(path + ".kept", to: path, replacing: false)
            listener = try ListeningSocket.bind(.unix(path: path))
            _ = try await TCPClient.connect(path: path)
            withExtendedLifetime(listener) { listener = nil }
            #expect(try FileSystem.status(path) == nil)
            _ = try File.open(path, .createNew)
            #expect(throws: SystemError.self) { try ListeningSocket.bind(.unix(path: path)) }
            #expect(try FileSystem.status(path)?.kind == .file)
        }
    }
}
