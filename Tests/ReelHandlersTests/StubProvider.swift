import ReelHTTP
import ReelHTTPClient
import ReelJSON
import ReelProviders
import ReelRuntime
import TestSupport

/// A provider whose answers are a test's closures; of the rest of the protocol it knows nothing.
final class StubProvider: VideoProvider {
    typealias Retrieve = @Sendable (Int) throws(ProviderError) -> VideoStatus
    typealias Content =
        @Sendable (ContentRequest, Int) throws(ProviderError) -> StubTransport.Answer

    let name = "openai"
    private let onRetrieve: Retrieve
    private let onContent: Content
    private let state = Locked<(retrieves: Int, contents: [ContentRequest])>((0, []))

    init(
        retrieve: @escaping Retrieve = { _ throws(ProviderError) in StubProvider.status() },
        content: @escaping Content
    ) {
        onRetrieve = retrieve
        onContent = content
    }

    var retrieveCount: Int { state.withLock { $0.retrieves } }
    var contentRequests: [ContentRequest] { state.withLock { $0.contents } }

    /// A status with these members of the video object.
    static func status(
        _ word: String = "completed",
        expiresAt: Int64? = nil,
        pollAfter: Duration? = nil,
        errorCode: String? = nil
    ) -> VideoStatus {
        var object: JSONObject = [
            "id": .string("video_1"), "object": .string("video"), "model": .string("sora-2"),
            "status": .string(word), "created_at": .integer(1_795_251_000),
            "completed_at": .integer(1_795_251_500), "prompt": .string("a \"cat\""),
            "size": .string("1280x720"), "seconds": .string("4"),
        ]
        if let expiresAt { object["expires_at"] = .integer(expiresAt) }
        if let errorCode { object["error"] = .object(["code": .string(errorCode)]) }
        guard let video = VideoObject(.object(object)) else {
            preconditionFailure("the object has an id")
        }
        return VideoStatus(video: video, pollAfter: pollAfter)
    }

    func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus {
        let index = state.withLock { state in
            state.retrieves += 1
            return state.retrieves - 1
        }
        return try onRetrieve(index)
    }

    func content(
        _ request: ContentRequest
    ) async throws(ProviderError) -> any HTTPClientStream {
        let index = state.withLock { state in
            state.contents.append(request)
            return state.contents.count - 1
        }
        return StubStream(try onContent(request, index))
    }

    func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw ProviderError(.invalidRequest)
    }

    func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
        throw ProviderError(.invalidRequest)
    }

    func delete(_ id: String) async throws(ProviderError) -> JSONValue {
        throw ProviderError(.invalidRequest)
    }

    func remix(
        _ id: String,
        _ creation: VideoCreation
    ) async throws(ProviderError) -> VideoObject {
        throw ProviderError(.invalidRequest)
    }
}

/// Serves one file as a well-behaved server would, with faults on request.
struct ServedFile: Sendable {
    var bytes: [UInt8]
    var contentType: String
    var entityTag: String? = "\"etag-1\""
    /// How many bytes are sent before the connection breaks; nil for all.
    var cutAfter: Int?
    var honoursRange = true
    /// What `Content-Length` says; nil for the truth.
    var declaredByteCount: Int?
    var pieceByteCount = 1000

    static func fixture(_ name: String, _ contentType: String) throws -> ServedFile {
        ServedFile(bytes: try Fixture.bytes("media/valid/" + name), contentType: contentType)
    }

    func answer(_ request: ContentRequest) throws(ProviderError) -> StubTransport.Answer {
        var start = Int(request.offset)
        if !honoursRange || request.entityTag == nil || request.entityTag != entityTag {
            start = 0
        }
        if start > bytes.count || (start == bytes.count && start > 0) {
            throw ProviderError(.invalidRequest, status: 416)
        }
        let isPart = start > 0
        let rest = Array(bytes[start...])
        let sent = cutAfter.map { Array(rest.prefix($0)) } ?? rest
        var answer = StubTransport.Answer(
            isPart ? 206 : 200,
            [
                "Content-Type": contentType,
                "Content-Length": String(declaredByteCount ?? rest.count),
            ]
        )
        if let entityTag { answer.fields.append("ETag", entityTag) }
        if isPart {
            let range = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
            answer.fields.append("Content-Range", range)
        }
        answer.pieces = stride(from: 0, to: sent.count, by: pieceByteCount).map {
            Array(sent[$0..<min(sent.count, $0 + pieceByteCount)])
        }
        if sent.count < rest.count { answer.failure = .interrupted }
        return answer
    }
}
