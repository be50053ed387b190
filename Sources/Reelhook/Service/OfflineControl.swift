internal import ReelConsole
package import ReelHTTP
internal import ReelObservability
package import ReelRuntime

/// The service's control surface without a service: for a command that changes something while
/// none is running.
///
/// It holds the journal's lock until it is closed, so that a service that starts meanwhile says
/// that the directory is in use.
package struct OfflineControl: Sendable {
    private let parts: ServiceParts
    private let handler: HTTPHandler

    /// Opens the data directory.
    ///
    /// - Throws: `StartError`.
    package static func open(
        _ configuration: Configuration,
        time: any TimeSource
    ) async throws(StartError) -> OfflineControl {
        let logger = Logger(
            sink: InMemoryLogSink(),
            level: .error,
            time: time,
            component: "command"
        )
        let parts = try await ServiceParts.open(
            configuration,
            ServiceParts.Surroundings(
                time: time,
                random: SystemRandomSource(),
                logger: logger,
                metrics: Metrics()
            )
        )
        return OfflineControl(parts: parts, handler: Console.controlHandler(parts.consoleContext))
    }

    /// Answers a request as the service would.
    ///
    /// - Throws: What a streamed body throws when it breaks off.
    package func exchange(_ request: HTTPRequest) async throws -> (HTTPStatus, [UInt8]) {
        let response = await handler(request, .local("command"))
        switch response.body {
        case .empty: return (response.status, [])
        case .bytes(let bytes): return (response.status, bytes)
        case .stream(_, let produce):
            let collector = BodyCollector()
            try await produce(collector)
            return (response.status, collector.bytes)
        }
    }

    /// Brings a replay to its end, as the service would.
    ///
    /// - Throws: `JournalError`.
    package func finishReplay(_ number: Int64) async throws {
        try await ReplayRunner(parts.consoleContext).finish(number)
    }

    /// Deletes the files that are to go, as the service would.
    ///
    /// - Throws: `JournalError`.
    package func deleteFiles() async throws {
        _ = try await parts.filesRetention.round()
    }

    package func close() async {
        parts.stop.open()
        await parts.close()
    }
}

/// Keeps a streamed body in memory.
private final class BodyCollector: HTTPBodyWriter {
    private let collected = Locked<[UInt8]>([])

    var bytes: [UInt8] { collected.withLock { $0 } }

    func write(_ bytes: [UInt8]) async throws {
        collected.withLock { $0 += bytes }
    }
}
