internal import ReelHTTP
internal import ReelRuntime

extension Emulator {
    func download(
        _ id: String,
        _ exchange: EmulatorExchange,
        faults: FaultPlan.ContentFaults
    ) throws(APIError) -> HTTPResponse {
        let now = exchange.now
        let name = exchange.request.target.queryValue("variant") ?? "video"
        guard let variant = EmulatedMedia.Variant(rawValue: name) else {
            let names = EmulatedMedia.Variant.allCases.map(\.rawValue)
            throw .unsupported(name, "variant", among: names)
        }
        let (video, rates) = try state.withLock { state throws(APIError) in
            var video = try state.find(id, with: exchange.key, at: now)
            if faults.changesTag {
                video.tagNumber += 1
                state.videos.update(video)
            }
            return (video, state.plan.faults)
        }
        switch video.status(at: now) {
        case .completed: break
        case .queued, .inProgress: throw .notReady(id)
        case .failed: throw .hasFailed(id)
        }
        guard !video.isExpired(at: now) else { throw .expired(id, after: video.retention) }
        guard !video.missingVariants.contains(variant) else { throw .noVariant(name, of: id) }
        if faults.isElsewhere { return try elsewhere(id, exchange.request) }
        if faults.isPage { return .html(video.media(variant, byteCountMin: 0).contentType) }
        let media = video.media(variant, byteCountMin: configuration.contentByteCountMin)
        let answer = try ContentAnswer(
            media,
            tag: "\"\(id)-\(name)-\(video.tagNumber)\"",
            request: exchange.request,
            faults: faults,
            rates: rates
        )
        return answer.response(time: time)
    }

    /// Sends the asker to the other host: this one's address under another name.
    private func elsewhere(
        _ id: String,
        _ request: HTTPRequest
    ) throws(APIError) -> HTTPResponse {
        guard let host = request.fields.only("Host"), let colon = host.lastIndex(of: ":") else {
            throw .serverError
        }
        let name = host[..<colon] == "localhost" ? "127.0.0.1" : "localhost"
        let query = request.target.query.map { "?" + $0 } ?? ""
        return HTTPResponse(
            .found,
            fields: ["Location": "http://\(name)\(host[colon...])/files/\(id)\(query)"],
            body: .bytes([])
        )
    }

    /// Answers as the other host, which knows no keys and wants none, as stores with signed URLs
    /// do.
    func file(_ id: String, _ exchange: inout EmulatorExchange) throws(APIError) -> HTTPResponse {
        guard !exchange.request.fields.contains("Authorization") else {
            throw APIError(.badRequest, "Only one way to be authorized is allowed.")
        }
        return try download(id, exchange, faults: FaultPlan.ContentFaults())
    }
}

extension HTTPResponse {
    /// What a proxy or a sign-in page in the way answers.
    static func html(_ contentType: String) -> HTTPResponse {
        HTTPResponse(
            .ok,
            fields: ["Content-Type": contentType],
            body: .bytes(Array("<!DOCTYPE html><title>Sign in</title><p>Sign in first.\n".utf8))
        )
    }
}
