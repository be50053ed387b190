internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// `GET /v1/events`: the journal as server-sent events (WHATWG HTML, section 9.2).
///
/// Each entry is one event whose `id` is its sequence, so that `Last-Event-ID` goes on after it;
/// without one the feed begins with the next entry. `?after=0` begins at the beginning.
struct EventFeed: Sendable {
    let context: ConsoleContext

    private static let pageLimit = 200
    /// A comment after this much silence keeps proxies from closing the connection.
    private static let silence = Duration.seconds(15)

    func register(in router: inout HTTPRouter) {
        router.on(.get, "/v1/events") { request, _, _ in await feed(request) }
    }

    private func feed(_ request: HTTPRequest) async -> HTTPResponse {
        let text = request.fields.only("Last-Event-ID") ?? request.target.queryValue("after")
        var cursor: Int64
        if let text {
            guard let given = Int64(text), given >= 0 else {
                return ErrorEnvelope.response(
                    .badRequest,
                    "Last-Event-ID and after are a sequence number",
                    code: "invalid_value",
                    parameter: "after"
                )
            }
            cursor = given
        } else {
            do throws(JournalError) {
                cursor = try await context.journal.driver.lastSequence()
            } catch {
                return ErrorEnvelope.storageUnavailable
            }
        }
        let start = cursor
        return HTTPResponse(
            .ok,
            fields: [
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
            ],
            body: .stream(byteCount: nil) { writer in
                try await write(to: writer, after: start)
            }
        )
    }

    /// Writes entries as they come until the peer has gone or the service stops.
    private func write(to writer: any HTTPBodyWriter, after start: Int64) async throws {
        var cursor = start
        try await writer.write(Array("retry: 1000\n\n".utf8))
        let wakeUps = context.journal.wakeUps()
        // One consumer for both reasons to go on: something new, or a while of silence.
        let (signals, continuation) = AsyncStream.makeStream(
            of: Bool.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in wakeUps { _ = continuation.yield(true) }
            }
            group.addTask { [time = context.time] in
                while true {
                    try await time.sleep(for: Self.silence)
                    _ = continuation.yield(false)
                }
            }
            group.addTask { [stop = context.stop] in
                await stop.wait()
                continuation.finish()
            }
            defer { group.cancelAll() }
            cursor = try await writeEntries(to: writer, after: cursor)
            for await isNew in signals {
                let before = cursor
                cursor = try await writeEntries(to: writer, after: cursor)
                if !isNew, cursor == before {
                    try await writer.write(Array(": nothing new\n\n".utf8))
                }
            }
        }
    }

    private func writeEntries(
        to writer: any HTTPBodyWriter,
        after start: Int64
    ) async throws -> Int64 {
        var cursor = start
        while true {
            var query = EntryQuery()
            query.after = cursor
            query.order = .oldestFirst
            query.limit = Self.pageLimit
            let entries = try await context.journal.driver.entries(query)
            guard let last = entries.last else { return cursor }
            let steps = try await context.journal.driver.steps(of: entries.map(\.sequence))
            var bytes: [UInt8] = []
            for entry in entries {
                let json = EntryListing.json(entry, steps: steps[entry.sequence] ?? [])
                bytes += Array("id: \(entry.sequence)\nevent: \(name(entry))\ndata: ".utf8)
                bytes += json.serialized()
                bytes += Array("\n\n".utf8)
            }
            try await writer.write(bytes)
            cursor = last.sequence
        }
    }

    /// The event's type as an event name, which is one line; a body without a usable one is a
    /// `message`.
    private func name(_ entry: JournalEntry) -> String {
        guard let type = entry.type, type.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return "message"
        }
        return type
    }
}
