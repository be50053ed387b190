import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct PreconditionTests {
    /// What a process wrote to standard error before it ended.
    private func said(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test func `a socket used off its loop traps`() async throws {
        let result = await #expect(
            processExitsWith: .failure,
            observing: [\.standardErrorContent]
        ) {
            let loop = try EventLoop()
            let listener = try ListeningSocket.bind(.v4(0x7F00_0001, port: 0))
            _ = try await listener.accept(on: loop)
        }
        #expect(said(result).contains("loop was used elsewhere"))
    }

    @Test func `work for a closed pool traps`() async throws {
        let result = await #expect(
            processExitsWith: .failure,
            observing: [\.standardErrorContent]
        ) {
            let pool = BlockingPool(threadCount: 1)
            pool.close()
            await pool.run {}
        }
        #expect(said(result).contains("given to a closed pool"))
    }

    @Test func `a socket that nobody closes traps`() async throws {
        let result = await #expect(
            processExitsWith: .failure,
            observing: [\.standardErrorContent]
        ) {
            let loop = try EventLoop()
            let listener = try ListeningSocket.bind(.v4(0x7F00_0001, port: 0))
            let client = try await TCPClient.connect(port: listener.address.port)
            try await withTaskExecutorPreference(loop) {
                _ = try Socket(try await listener.accept(on: loop), on: loop)
            }
            withExtendedLifetime(client) {}
        }
        #expect(said(result).contains("a socket was not closed"))
    }
}
