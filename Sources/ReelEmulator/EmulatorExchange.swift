internal import ReelHTTP
internal import ReelRuntime

/// One request on its way to an answer.
struct EmulatorExchange: Sendable {
    let request: HTTPRequest
    let now: Timestamp
    var route: EmulatorRoute?
    var faults: [String] = []
    /// The video that was asked for or made.
    var videoID: String?
    /// Which of the configured keys it came with, from 0.
    var key: Int?

    init(request: HTTPRequest, now: Timestamp) {
        self.request = request
        self.now = now
    }

    var isControl: Bool {
        switch route {
        case .control: true
        case .create, .edit, .extend, .list, .retrieve, .delete, .content, .file, .remix,
            .createCharacter, .character, .endpoints, nil:
            false
        }
    }

    /// The line of the log for it.
    func line(status: Int) -> EmulatorLog.Request {
        EmulatorLog.Request(
            moment: now,
            method: request.method.name,
            path: request.target.path,
            query: request.target.query,
            route: route?.name ?? "unknown",
            videoID: videoID ?? route?.videoID,
            status: status,
            faults: faults,
            range: request.fields["Range"],
            ifRange: request.fields["If-Range"],
            userAgent: request.fields["User-Agent"],
            key: key,
            isAuthorized: request.fields.contains("Authorization")
        )
    }
}
