import ReelHTTP
import ReelHTTPServer
import ReelObservability
import ReelRuntime
import TestSupport

/// A server that is up while a test's body runs.
struct RunningServer: Sendable {
    let server: HTTPServer
    let port: UInt16
    let metrics: Metrics

    func connect() async throws -> TCPClient {
        try await TCPClient.connect(port: port)
    }
}

/// The log of tests that do not look at it.
struct SilentSink: LogSink {
    func write(_ record: LogRecord) {}
}

/// Runs a server on a free port of the loopback around a body, then stops it and waits for its end.
func withServer(
    configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    time: any TimeSource = ManualTime(),
    handler: @escaping HTTPHandler,
    _ body: (RunningServer) async throws -> Void
) async throws {
    var configuration = HTTPServerConfiguration(binding: .host("127.0.0.1", port: 0))
    // Far beyond what a loaded machine takes; tests of a limit set that one.
    configuration.headTimeout = .seconds(300)
    configuration.idleTimeout = .seconds(300)
    configure(&configuration)
    let metrics = Metrics()
    let server = HTTPServer(
        configuration: configuration,
        handler: handler,
        logger: Logger(sink: SilentSink(), level: .debug, time: time, component: "test"),
        metrics: metrics,
        time: time
    )
    let bound = try server.bind()
    try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        do {
            try await body(RunningServer(server: server, port: bound.port, metrics: metrics))
        } catch {
            server.stop()
            throw error
        }
        server.stop()
        try await group.waitForAll()
    }
}

/// Answers with the method, the target's path and the body.
let echo: HTTPHandler = { request, _ in
    let head = Array("\(request.method.name) \(request.target.path) ".utf8)
    return HTTPResponse(.ok, body: .bytes(head + request.body))
}
