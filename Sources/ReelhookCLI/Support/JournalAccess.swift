internal import ReelConsole
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelObservability
internal import ReelSystem
internal import Reelhook

/// The journal for a command that only reads, beside a running service or without one.
struct JournalReader: Sendable {
    let driver: any JournalDriver
    let dataDirectory: String

    /// Opens the journal of a data directory.
    ///
    /// - Throws: `Failure` when there is none or it cannot be read.
    static func open(_ dataDirectory: String) throws -> JournalReader {
        JournalReader(driver: try openSQLite(dataDirectory), dataDirectory: dataDirectory)
    }

    /// The same for a command that asks more than every driver can tell.
    static func openSQLite(_ dataDirectory: String) throws -> SQLiteJournalDriver {
        let path = dataDirectory + "/reelhook.db"
        guard (try? FileSystem.status(path)) ?? nil != nil else {
            throw Failure("there is no journal in \(dataDirectory); is --data right?")
        }
        do throws(JournalError) {
            return try SQLiteJournalDriver.openReadOnly(path: path)
        } catch {
            throw Failure("the journal \(path) cannot be read: \(error.description)")
        }
    }

    /// Runs the body with an open journal and closes it.
    static func with<Result>(
        _ dataDirectory: String,
        _ body: (JournalReader) async throws -> Result
    ) async throws -> Result {
        let reader = try open(dataDirectory)
        do {
            let result = try await body(reader)
            await reader.driver.close()
            return result
        } catch {
            await reader.driver.close()
            throw error
        }
    }

    /// Entries with their steps, as they are listed.
    func listing(_ query: EntryQuery) async throws -> [(entry: JournalEntry, json: JSONValue)] {
        let entries = try await driver.entries(query)
        let steps = try await driver.steps(of: entries.map(\.sequence))
        return entries.map { ($0, EntryListing.json($0, steps: steps[$0.sequence] ?? [])) }
    }
}

/// The way to change something: by the running service over its socket, and without one by
/// opening the journal here.
struct Control: Sendable {
    private enum Way: Sendable {
        case service(socketPath: String, HTTPClient)
        case own(OfflineControl)
    }

    private let way: Way

    /// Runs the body with the way that there is.
    ///
    /// - Throws: `Failure` when there is neither a service nor a journal that can be opened.
    static func with<Result>(
        _ arguments: ParsedArguments,
        _ tool: Tool,
        _ body: (Control) async throws -> Result
    ) async throws -> Result {
        let dataDirectory = try tool.dataDirectory(arguments)
        let socketPath = dataDirectory + "/.control.sock"
        let client = HTTPClient()
        let way: Way
        if await answers(socketPath, client) {
            way = .service(socketPath: socketPath, client)
        } else {
            let configuration = try tool.configuration(arguments)
            way = .own(try await OfflineControl.open(configuration, time: tool.time))
        }
        let control = Control(way: way)
        do {
            let result = try await body(control)
            await control.close(client)
            return result
        } catch {
            await control.close(client)
            throw error
        }
    }

    /// Whether a service is running there.
    var isService: Bool {
        switch way {
        case .service: true
        case .own: false
        }
    }

    /// Does the work of a replay where no service does it.
    func finishReplay(_ number: Int64) async throws {
        switch way {
        case .service: break
        case .own(let control): try await control.finishReplay(number)
        }
    }

    /// Deletes files that are to go where no service does it.
    func deleteFiles() async throws {
        switch way {
        case .service: break
        case .own(let control): try await control.deleteFiles()
        }
    }

    /// Whether a service has that data directory.
    static func isServed(_ dataDirectory: String) async -> Bool {
        let client = HTTPClient()
        let isServed = await answers(dataDirectory + "/.control.sock", client)
        await client.stop()
        return isServed
    }

    /// Sends a request and reads the answer.
    ///
    /// - Throws: `Failure` with the answer's own message unless it is a success.
    func json(
        _ method: HTTPMethod,
        _ target: String,
        _ body: JSONValue? = nil
    ) async throws -> JSONValue {
        let (status, bytes) = try await exchange(
            method,
            target,
            contentType: body == nil ? nil : "application/json",
            body: body?.serialized() ?? []
        )
        let answer = try? JSONParser.parse(bytes)
        guard status.isSuccess else {
            let message = answer?["error"]?["message"]?.string
            throw Failure(message ?? "the service answered \(status.code)")
        }
        guard let answer else { throw Failure("the answer is not JSON") }
        return answer
    }

    func exchange(
        _ method: HTTPMethod,
        _ target: String,
        contentType: String?,
        body: [UInt8]
    ) async throws -> (HTTPStatus, [UInt8]) {
        switch way {
        case .service(let socketPath, let client):
            var request = HTTPClientRequest(method, "http://localhost" + target)
            if let contentType { request.fields.append("Content-Type", contentType) }
            request.body = body.isEmpty && contentType == nil ? nil : body
            request.unixSocketPath = socketPath
            request.limits.totalTimeout = .seconds(120)
            request.limits.bodyByteCountMax = 64 << 20
            let response = try await client.send(request)
            return (response.status, response.body)
        case .own(let control):
            guard let target = HTTPTarget(target) else { throw Failure("the id has odd bytes") }
            var fields: HTTPFields = ["Host": "localhost"]
            if let contentType { fields.append("Content-Type", contentType) }
            let request = HTTPRequest(method: method, target: target, fields: fields, body: body)
            return try await control.exchange(request)
        }
    }

    /// Streams content piece by piece.
    func download(
        _ target: String,
        _ consume: (ArraySlice<UInt8>) throws -> Void
    ) async throws {
        switch way {
        case .service(let socketPath, let client):
            var request = HTTPClientRequest(.get, "http://localhost" + target)
            request.unixSocketPath = socketPath
            request.limits.totalTimeout = .seconds(24 * 3600)
            request.limits.bodyByteCountMax = 1 << 50
            let stream = try await client.stream(request)
            defer { stream.cancel() }
            guard stream.head.status.isSuccess else {
                var bytes: [UInt8] = []
                while bytes.count < 1 << 16, let next = try await stream.next() { bytes += next }
                let message = (try? JSONParser.parse(bytes))?["error"]?["message"]?.string
                throw Failure(message ?? "the service answered \(stream.head.status.code)")
            }
            while let bytes = try await stream.next() { try consume(bytes[...]) }
        case .own(let control):
            guard let target = HTTPTarget(target) else { throw Failure("the id has odd bytes") }
            let request = HTTPRequest(method: .get, target: target, fields: ["Host": "localhost"])
            let (status, bytes) = try await control.exchange(request)
            guard status.isSuccess else {
                let message = (try? JSONParser.parse(bytes))?["error"]?["message"]?.string
                throw Failure(message ?? "the request failed with status \(status.code)")
            }
            try consume(bytes[...])
        }
    }

    private func close(_ client: HTTPClient) async {
        switch way {
        case .service: break
        case .own(let control): await control.close()
        }
        await client.stop()
    }

    private static func answers(_ socketPath: String, _ client: HTTPClient) async -> Bool {
        guard (try? FileSystem.status(socketPath)) ?? nil != nil else { return false }
        var request = HTTPClientRequest(.get, "http://localhost/control/status")
        request.unixSocketPath = socketPath
        request.limits.totalTimeout = .seconds(10)
        return (try? await client.send(request))?.status.isSuccess ?? false
    }
}
