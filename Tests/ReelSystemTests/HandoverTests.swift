import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct HandoverTests {
    private static let loopback = SocketAddress.v4(0x7F00_0001, port: 0)

    /// What a link is given, once it has come.
    private func given(_ link: HandoverLink) async throws -> [String: ListeningSocket] {
        while true {
            switch link.news() {
            case .nothing: await Task.yield()
            case .sockets(let sockets): return sockets
            case .ended: return [:]
            }
        }
    }

    private func untilEnded(_ link: HandoverLink) async {
        while true {
            if case .ended = link.news() { return }
            await Task.yield()
        }
    }

    @Test func `who waits in the queue is there for the next process, and whoever comes later`()
        async throws
    {
        try await withTemporaryFolder { directory in
            let path = directory + "/desk"
            let listener = try ListeningSocket.bind(Self.loopback)
            let loop = try EventLoop()
            defer { loop.shutDown() }
            let desk = try HandoverDesk(path: path, sockets: [("intake", listener)])
            async let running: Void = desk.run()
            let link = try #require(HandoverLink(to: path))
            let next = try #require(try await given(link)["intake"])
            #expect(next.address == listener.address)
            _ = try await TCPClient.connect(port: listener.address.port)
            await desk.end()
            await running
            #expect(desk.hasSuccessor)
            // The old one leaves the queue to the new one and closes.
            listener.leaveQueue()
            let left = try await withTaskExecutorPreference(loop) {
                defer { listener.close(on: loop) }
                return try listener.acceptLast()
            }
            #expect(left == nil)
            _ = try await TCPClient.connect(port: next.address.port)
            try await withTaskExecutorPreference(loop) {
                for _ in 0..<2 {
                    try Socket(try await next.accept(on: loop), on: loop).close()
                }
                next.close(on: loop)
            }
            await #expect(throws: TCPClient.Failure.self) {
                try await TCPClient.connect(port: next.address.port)
            }
        }
    }

    @Test func `one who asked and has gone is no successor`() async throws {
        try await withTemporaryFolder { directory in
            let path = directory + "/desk"
            let listener = try ListeningSocket.bind(Self.loopback)
            let desk = try HandoverDesk(path: path, sockets: [("intake", listener)])
            async let running: Void = desk.run()
            try await visit(path)
            await desk.end()
            await running
            #expect(!desk.hasSuccessor)
            #expect(HandoverLink(to: path) == nil)
        }
    }

    private func visit(_ path: String) async throws {
        let link = try #require(HandoverLink(to: path))
        #expect(try await given(link).keys.sorted() == ["intake"])
    }

    @Test func `several may wait, and each learns that the process before it has ended`()
        async throws
    {
        try await withTemporaryFolder { directory in
            let path = directory + "/desk"
            let sockets = [
                ("intake", try ListeningSocket.bind(Self.loopback)),
                ("console", try ListeningSocket.bind(Self.loopback)),
            ]
            let (first, second) = try await taken(path, sockets)
            await untilEnded(first)
            await untilEnded(second)
        }
    }

    /// Two links to a desk that has gone when this returns.
    private func taken(
        _ path: String,
        _ sockets: [(String, ListeningSocket)]
    ) async throws -> (HandoverLink, HandoverLink) {
        let desk = try HandoverDesk(path: path, sockets: sockets)
        async let running: Void = desk.run()
        let first = try #require(HandoverLink(to: path))
        let second = try #require(HandoverLink(to: path))
        #expect(try await given(first).keys.sorted() == ["console", "intake"])
        #expect(try await given(second).keys.sorted() == ["console", "intake"])
        await desk.end()
        await running
        #expect(desk.hasSuccessor)
        return (first, second)
    }
}
