import ReelHTTP
import ReelHTTPClient
import ReelJSON
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

@testable import ReelEmulator

/// An emulator without sockets: requests go to its handler, webhooks to a stub, time stands still.
struct EmulatorFixture {
    let time = ManualTime()
    let receiver: StubTransport
    let emulator: Emulator

    /// Makes one whose jobs take exactly ten seconds.
    init(
        seed: UInt64 = 1,
        receiver: StubTransport = StubTransport { _, _ in StubTransport.Answer(200) },
        _ configure: (inout EmulatorConfiguration) -> Void = { _ in }
    ) {
        var configuration = EmulatorConfiguration(seed: seed)
        configuration.jobDuration = .seconds(10)
        configuration.jobDurationSpread = 0
        configure(&configuration)
        self.receiver = receiver
        emulator = Emulator(
            configuration: configuration,
            transport: receiver,
            time: time,
            logger: Logger(sink: SilentSink(), level: .error, time: time, component: "test"),
            metrics: Metrics()
        )
    }

    func send(
        _ method: HTTPMethod,
        _ target: String,
        fields: HTTPFields = [:],
        body: [UInt8] = []
    ) async throws -> HTTPResponse {
        let request = HTTPRequest(
            method: method,
            target: try #require(HTTPTarget(target)),
            fields: fields,
            body: body
        )
        return await emulator.respond(request, HTTPPeer.local("test"))
    }

    func get(_ target: String, _ fields: HTTPFields = [:]) async throws -> HTTPResponse {
        try await send(.get, target, fields: fields)
    }

    func post(_ target: String, json: String) async throws -> HTTPResponse {
        try await send(
            .post,
            target,
            fields: ["Content-Type": "application/json"],
            body: Array(json.utf8)
        )
    }

    /// Makes a video and returns its id.
    func create(_ prompt: String = "A reel") async throws -> String {
        let response = try await post("/v1/videos", json: #"{"prompt": "\#(prompt)"}"#)
        #expect(response.status == .ok)
        return try #require(try await response.json()["id"]?.string)
    }

    /// Makes a video and lets its time pass.
    func createCompleted(_ prompt: String = "A reel") async throws -> String {
        let id = try await create(prompt)
        time.advance(by: .seconds(11))
        return id
    }

    func log() async throws -> JSONValue {
        try await get("/emulator/log").json()
    }
}

struct SilentSink: LogSink {
    func write(_ record: LogRecord) {}
}

/// What became of a response's body.
struct Download: Sendable {
    var bytes: [UInt8] = []
    var declaredByteCount: Int64?
    var isCut = false
}

extension HTTPResponse {
    func json() async throws -> JSONValue {
        try JSONParser.parse(await download().bytes)
    }

    /// The `code` of the error envelope, or the message where there is none.
    func errorCode() async throws -> String? {
        let error = try await json()["error"]
        return error?["code"]?.string ?? error?["message"]?.string
    }

    /// Writes the body as the server would.
    func download() async -> Download {
        switch body {
        case .empty: return Download(declaredByteCount: 0)
        case .bytes(let bytes):
            return Download(bytes: bytes, declaredByteCount: Int64(bytes.count))
        case .stream(let byteCount, let write):
            let writer = CollectingWriter()
            var isCut = false
            do { try await write(writer) } catch { isCut = true }
            return Download(
                bytes: writer.bytes.withLock { $0 },
                declaredByteCount: byteCount,
                isCut: isCut
            )
        }
    }
}

final class CollectingWriter: HTTPBodyWriter {
    let bytes = Locked<[UInt8]>([])

    func write(_ bytes: [UInt8]) async throws {
        self.bytes.withLock { $0 += bytes }
    }
}

/// A form as the official SDKs send it.
struct MultipartText {
    static let fields: HTTPFields = ["Content-Type": "multipart/form-data; boundary=seam"]
    private(set) var bytes: [UInt8] = []

    mutating func add(_ name: String, _ text: String) {
        bytes +=
            "--seam\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(text)\r\n".utf8
    }

    mutating func addFile(_ name: String, type: String?, _ content: [UInt8]) {
        bytes +=
            "--seam\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"f\"\r\n".utf8
        if let type { bytes += "Content-Type: \(type)\r\n".utf8 }
        bytes += "\r\n".utf8 + content + "\r\n".utf8
    }

    var body: [UInt8] { bytes + "--seam--\r\n".utf8 }
}
