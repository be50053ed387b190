import Glibc
import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct HTTPServerStopTests {
    /// Holds handlers back until a test lets them go.
    private final class Gate: Sendable {
        private struct State {
            var isOpen = false
            var waiting: [CheckedContinuation<Void, Never>] = []
            var arrivals = 0
        }

        private let state = Locked(State())

        var arrivals: Int { state.withLock { $0.arrivals } }

        /// Waits without leaving the thread, which is the loop's.
        func block() {
            state.withLock { $0.arrivals += 1 }
            while !state.withLock({ $0.isOpen }) { sched_yield() }
        }

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.arrivals += 1
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    @Test func `running requests are answered, idle connections closed, new ones refused`()
        async throws
    {
        let gate = Gate()
        try await withServer { request, _ in
            if request.target.path == "/slow" { await gate.pass() }
            return .text(.ok, "done")
        } _: { server in
            let busy = try await server.connect()
            let idle = try await server.connect()
            try await idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await idle.receiveResponse()
            try await busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            while gate.arrivals == 0 { await Task.yield() }
            server.server.stop()
            #expect(try await idle.receiveToEnd().isEmpty)
            gate.open()
            let response = try await busy.receiveTextToEnd()
            #expect(response.hasSuffix("done"))
            #expect(response.contains("Connection: close\r\n"))
            await #expect(throws: TCPClient.Failure.self) {
                let late = try await server.connect()
                try await late.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await late.receive(exactly: 1)
            }
        }
    }

    @Test func `requests that are there already when the server stops are answered`() async throws {
        let gate = Gate()
        try await withServer { configuration in
            configuration.loopCount = 1
        } handler: { request, _ in
            // Holds the one loop up, so that what is sent meanwhile is there and not yet noticed.
            if request.target.path == "/block" { gate.block() }
            return .text(.ok, request.target.path)
        } _: { server in
            let idle = try await server.connect()
            let fresh = try await server.connect()
            try await idle.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await idle.receiveResponse().hasSuffix("/first"))
            let blocking = try await server.connect()
            try await blocking.send("GET /block HTTP/1.1\r\nHost: x\r\n\r\n")
            while gate.arrivals == 0 { await Task.yield() }
            // Queued for the loop before the bytes are: it stops first, and then looks.
            server.server.stop()
            try await idle.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
            try await fresh.send("GET /third HTTP/1.1\r\nHost: x\r\n\r\n")
            let queued = try await server.connect()
            try await queued.send("GET /fourth HTTP/1.1\r\nHost: x\r\n\r\n")
            gate.open()
            #expect(try await idle.receiveTextToEnd().hasSuffix("/second"))
            #expect(try await fresh.receiveTextToEnd().hasSuffix("/third"))
            #expect(try await queued.receiveTextToEnd().hasSuffix("/fourth"))
            #expect(try await blocking.receiveTextToEnd().hasSuffix("/block"))
        }
    }

    @Test func `after the drain timeout what still runs is cut and cancelled`() async throws {
        let time = ManualTime()
        let isCancelled = Locked(false)
        let hasBegun = Locked(false)
        try await withServer(time: time) { _, _ in
            hasBegun.withLock { $0 = true }
            try? await time.sleep(for: .seconds(1_000_000))
            isCancelled.withLock { $0 = Task.isCancelled }
            return .text(.ok, "late")
        } _: { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while !hasBegun.withLock({ $0 }) { await Task.yield() }
            server.server.stop()
            await time.waitForSleepers(2)
            time.advance(by: .seconds(30))
            await #expect(throws: TCPClient.Failure.self) { try await client.receive(exactly: 1) }
        }
        #expect(isCancelled.withLock { $0 })
    }

    @Test func `until it hands over a server takes connections, for one request each`()
        async throws
    {
        let gate = Gate()
        try await withServer { request, _ in
            if request.target.path == "/slow" { await gate.pass() }
            return .text(.ok, request.target.path)
        } _: { server in
            let idle = try await server.connect()
            try await idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await idle.receiveResponse()
            let slow = try await server.connect()
            try await slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            while gate.arrivals == 0 { await Task.yield() }
            server.server.beginHandover()
            #expect(try await idle.receiveToEnd().isEmpty)
            _ = await server.server.hasTurnedOver()
            for _ in 0..<20 {
                let late = try await server.connect()
                try await late.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = try await late.receiveTextToEnd()
                #expect(answer.hasSuffix("/late"))
                #expect(answer.contains("Connection: close\r\n"))
                late.close()
            }
            // Those who come and go hold nothing up, and the slow one does.
            #expect(await !server.server.hasTurnedOver())
            gate.open()
            #expect(try await slow.receiveTextToEnd().hasSuffix("/slow"))
            slow.close()
            while await !server.server.hasTurnedOver() { await Task.yield() }
            server.server.handOver()
        }
    }

    @Test func `what has not ended a moment after the handover is cut`() async throws {
        let time = ManualTime()
        let hasBegun = Locked(false)
        try await withServer(time: time) { _, _ in
            hasBegun.withLock { $0 = true }
            try? await time.sleep(for: .seconds(1_000_000))
            return .text(.ok, "late")
        } _: { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while !hasBegun.withLock({ $0 }) { await Task.yield() }
            server.server.beginHandover()
            server.server.handOver()
            await time.waitForSleepers(2)
            // The moment, and not the grace, since all who connect meanwhile wait for it.
            time.advance(by: .seconds(2))
            await #expect(throws: TCPClient.Failure.self) { try await client.receive(exactly: 1) }
        }
    }

    @Test func `cancelling the task of run ends it`() async throws {
        let configuration = HTTPServerConfiguration(binding: .host("127.0.0.1", port: 0))
        let server = HTTPServer(
            configuration: configuration,
            handler: echo,
            logger: .init(
                sink: SilentSink(),
                level: .debug,
                time: ManualTime(),
                component: "test"
            ),
            metrics: .init(),
            time: ManualTime()
        )
        let bound = try server.bind()
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            let client = try await TCPClient.connect(port: bound.port)
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.receiveResponse()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
