import Glibc
import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct HTTPServerExhaustionTests {
    @Test func `without descriptors accepting rests, and goes on when there are some again`() async
    {
        // In a process of its own, since the limit is one of the process.
        await #expect(processExitsWith: .success) {
            let rests = InMemoryLogSink()
            var configuration = HTTPServerConfiguration(binding: .host("127.0.0.1", port: 0))
            configuration.exhaustionPause = .milliseconds(20)
            let time = SystemTimeSource()
            let server = HTTPServer(
                configuration: configuration,
                handler: echo,
                logger: Logger(sink: rests, level: .warning, time: time, component: "test"),
                metrics: Metrics(),
                time: time
            )
            let port = try server.bind().port
            try await withThrowingTaskGroup { group in
                group.addTask { try await server.run() }
                let first = try await TCPClient.connect(port: port)
                try await first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await first.receiveResponse()

                // Room for one end of the next connection, and not for the other.
                let free = dup(0)
                close(free)
                var limit = rlimit(rlim_cur: rlim_t(free) + 1, rlim_max: rlim_t(free) + 1)
                _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let second = try await TCPClient.connect(port: port)
                try await second.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
                while rests.records.count < 3 { await Task.yield() }
                // Three pauses of 20 ms apart: a loop that spun would have thousands.
                #expect(rests.records.count < 10)
                first.close()
                #expect(try await second.receiveResponse().hasSuffix("GET /2 "))
                server.stop()
                try await group.waitForAll()
            }
        }
    }
}
