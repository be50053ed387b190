import ReelHTTPClient
import ReelJSON
import ReelProviders
import ReelRuntime

/// A provider whose videos a test moves, and which counts what it is asked.
final class ScriptedProvider: VideoProvider {
    struct Video {
        var status = "queued"
        var progress = 0
        var createdAt: Timestamp?
        var completedAt: Timestamp?
        var expiresAt: Timestamp?
        var errorCode: String?
    }

    struct Call: Hashable {
        let operation: String
        let id: String
        let at: Duration
    }

    private struct State {
        var videos: [(id: String, video: Video)] = []
        var calls: [Call] = []
        var fault: (@Sendable (Call) -> ProviderError?)?
        var pollAfter: Duration?
        var pageSizeMax = 100
        var ignoresCursor = false
    }

    let name: String
    private let time: any TimeSource
    private let state = Locked(State())

    init(name: String = "openai", time: any TimeSource) {
        self.name = name
        self.time = time
    }

    var calls: [Call] { state.withLock { $0.calls } }
    func calls(_ operation: String) -> [Call] { calls.filter { $0.operation == operation } }

    func set(_ id: String, _ body: (inout Video) -> Void) {
        state.withLock { state in
            if let index = state.videos.firstIndex(where: { $0.id == id }) {
                body(&state.videos[index].video)
            } else {
                var video = Video()
                body(&video)
                state.videos.append((id, video))
            }
        }
    }

    func forget(_ id: String) {
        state.withLock { $0.videos.removeAll { $0.id == id } }
    }

    func refuse(_ rule: (@Sendable (Call) -> ProviderError?)?) {
        state.withLock { $0.fault = rule }
    }

    func wish(_ pollAfter: Duration?) { state.withLock { $0.pollAfter = pollAfter } }
    func ignoreCursor() { state.withLock { $0.ignoresCursor = true } }

    private func note(_ operation: String, _ id: String) throws(ProviderError) {
        let call = Call(operation: operation, id: id, at: time.uptime())
        let rule = state.withLock { state in
            state.calls.append(call)
            return state.fault
        }
        if let error = rule?(call) { throw error }
    }

    func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus {
        try note("retrieve", id)
        let (video, wish) = state.withLock { state in
            (state.videos.first { $0.id == id }.flatMap(Self.object), state.pollAfter)
        }
        guard let video else { throw ProviderError(.notFound, status: 404) }
        return VideoStatus(video: video, pollAfter: wish)
    }

    /// Newest first; the cursor is the last item's id, and no `last_id` is sent.
    func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
        try note("list", page.after ?? "")
        return state.withLock { state in
            var rest = state.videos.reversed()[...]
            if !state.ignoresCursor, let after = page.after,
                let place = rest.firstIndex(where: { $0.id == after })
            {
                rest = rest[rest.index(after: place)...]
            }
            let limit = min(page.limit ?? 20, state.pageSizeMax)
            let videos = rest.prefix(limit).compactMap(Self.object)
            return VideoPage(
                videos: videos,
                next: rest.count > limit || state.ignoresCursor ? videos.last?.id : nil,
                raw: .null
            )
        }
    }

    private static func object(_ id: String, _ video: Video) -> VideoObject? {
        var json: JSONObject = [
            "id": .string(id),
            "object": .string("video"),
            "status": .string(video.status),
            "progress": .integer(video.progress),
        ]
        let moments = [
            ("created_at", video.createdAt), ("completed_at", video.completedAt),
            ("expires_at", video.expiresAt),
        ]
        for (name, moment) in moments {
            if let moment { json[name] = .integer(moment.secondsSinceEpoch) }
        }
        if let code = video.errorCode { json["error"] = .object(["code": .string(code)]) }
        return VideoObject(.object(json))
    }

    func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw ProviderError(.invalidRequest)
    }

    func delete(_ id: String) async throws(ProviderError) -> JSONValue {
        throw ProviderError(.invalidRequest)
    }

    func remix(_ id: String, _ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw ProviderError(.invalidRequest)
    }

    func content(_ request: ContentRequest) async throws(ProviderError) -> any HTTPClientStream {
        throw ProviderError(.invalidRequest)
    }
}
