internal import ReelCrypto
internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime

extension Emulator {
    /// Finds the answer to a request whose route is known.
    func answer(_ exchange: inout EmulatorExchange) throws(APIError) -> HTTPResponse {
        guard let route = exchange.route else { throw .unknownRoute }
        if case .control(let control) = route { return try answer(control, exchange) }
        try authorize(exchange.request)
        let content = try decideFaults(&exchange, route)
        if let spoiled = content.answer { return spoiled }
        switch route {
        case .create, .edit, .extend, .remix: return try make(&exchange, route)
        case .list:
            let page = try state.withLock { state throws(APIError) in
                try state.list(exchange.request.target, at: exchange.now)
            }
            return .json(.ok, page.serialized())
        case .retrieve(let id):
            let video = try find(id, exchange.now)
            return show(video, exchange.now)
        case .delete(let id):
            try state.withLock { state throws(APIError) in
                try state.delete(id, at: exchange.now)
            }
            let answer = JSONValue.object([
                "id": .string(id), "deleted": .bool(true), "object": .string("video.deleted"),
            ])
            return .json(.ok, answer.serialized())
        case .content(let id): return try download(id, exchange, faults: content.faults)
        case .createCharacter: return try createCharacter(exchange)
        case .character(let id):
            guard let character = state.withLock({ $0.characters[id] }) else {
                throw APIError(.notFound, "Character with id '\(id)' not found.")
            }
            return .json(.ok, character.serialized())
        case .endpoints(let wanted): return try answer(wanted, exchange)
        case .control: throw .unknownRoute
        }
    }

    func authorize(_ request: HTTPRequest) throws(APIError) {
        guard let key = configuration.apiKey else { return }
        guard let sent = request.fields.only("Authorization"), sent.hasPrefix("Bearer ") else {
            throw .noKey
        }
        let given = Array(sent.utf8.dropFirst("Bearer ".utf8.count))
        let isRight = constantTimeEqual(given.span, Array(key.utf8).span)
        guard isRight else { throw .wrongKey }
    }

    private func decideFaults(
        _ exchange: inout EmulatorExchange,
        _ route: EmulatorRoute
    ) throws(APIError) -> (answer: HTTPResponse?, faults: FaultPlan.ContentFaults) {
        var carriesContent = false
        var name = route.name
        if case .content = route {
            carriesContent = true
            name += " " + (exchange.request.target.queryValue("variant") ?? "video")
        }
        let (decision, rates) = state.withLock { state in
            // Only known ids are counted, so that what strangers ask for takes no memory.
            let known = route.videoID.flatMap { state.videos.known($0, at: exchange.now)?.id }
            let decision = state.plan.decideAnswer(
                route: name,
                video: known,
                carriesContent: carriesContent
            )
            return (decision, state.plan.faults)
        }
        exchange.faults = decision.answer.map { [$0.rawValue] } ?? decision.content.names
        switch decision.answer {
        case nil: return (nil, decision.content)
        case .lostAnswer:
            _ = try make(&exchange, route)
            throw APIError(.badGateway, "Bad gateway.", type: "server_error")
        case .serverError: throw .serverError
        case .rateLimit: throw .rateLimit(retryAfterSeconds: rates.retryAfterSeconds)
        case .html: return (.html("text/html; charset=utf-8"), decision.content)
        }
    }

    private func find(_ id: String, _ now: Timestamp) throws(APIError) -> EmulatedVideo {
        try state.withLock { state throws(APIError) in try state.find(id, at: now) }
    }

    private func show(_ video: EmulatedVideo, _ now: Timestamp) -> HTTPResponse {
        var response = HTTPResponse.json(.ok, video.json(at: now).serialized())
        if !video.status(at: now).isTerminal {
            let wait = max(1, configuration.pollAfter.wholeMilliseconds)
            response.fields.set("openai-poll-after-ms", String(wait))
        }
        return response
    }

    private func make(
        _ exchange: inout EmulatorExchange,
        _ route: EmulatorRoute
    ) throws(APIError) -> HTTPResponse {
        let now = exchange.now
        let form = try VideoForm(exchange.request)
        var source: String?
        let parameters: VideoParameters
        switch route {
        case .remix(let id):
            let prompt = try VideoParameters.prompt(form)
            let original = try state.withLock { state throws(APIError) in
                try state.findCompleted(id, at: now)
            }
            source = id
            parameters = original.parameters.with(prompt: prompt)
        case .edit, .extend:
            parameters = try derive(form, isExtension: route == .extend, now)
        case .create, .list, .retrieve, .delete, .content, .createCharacter, .character, .endpoints,
            .control:
            parameters = try VideoParameters(creating: form)
        }
        let video = state.withLock { $0.create(parameters, remixing: source, at: now) }
        exchange.videoID = video.id
        if webhook != nil { tellLater(of: video.id) }
        return show(video, now)
    }

    /// What an edit or an extension makes of the video that it names or brings along.
    private func derive(
        _ form: VideoForm,
        isExtension: Bool,
        _ now: Timestamp
    ) throws(APIError) -> VideoParameters {
        let prompt = try VideoParameters.prompt(form)
        var original: VideoParameters
        switch form["video"] {
        case nil, .json(.null): throw .missing("video")
        case .file(_, let bytes):
            guard !bytes.isEmpty else { throw APIError(.badRequest, "Invalid file 'video'.") }
            let model = try form.string("model")
            guard isExtension || model != nil else { throw .missing("model") }
            original = VideoParameters(
                prompt: prompt,
                model: model ?? "sora-2",
                seconds: "4",
                size: "720x1280"
            )
        case .text, .json:
            guard case .json(let value) = form["video"], let id = value["id"]?.string else {
                throw .wrongType("video", expected: "a file or an object", got: "something else")
            }
            original = try state.withLock { state throws(APIError) in
                try state.findCompleted(id, at: now).parameters
            }
        }
        original.prompt = prompt
        guard isExtension else { return original }
        guard let added = try VideoParameters.seconds(form) else { throw .missing("seconds") }
        let total = (Int(original.seconds) ?? 0) + (Int(added) ?? 0)
        guard total <= VideoParameters.totalSecondsMax else {
            throw APIError(
                .badRequest,
                "The extended video would be longer than \(VideoParameters.totalSecondsMax) "
                    + "seconds.",
                param: "seconds",
                code: "invalid_value"
            )
        }
        original.seconds = String(total)
        return original
    }

    private func download(
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
            var video = try state.find(id, at: now)
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
}

extension VideoParameters {
    fileprivate func with(prompt: String) -> VideoParameters {
        var copy = self
        copy.prompt = prompt
        return copy
    }
}

extension HTTPResponse {
    /// What a proxy or a sign-in page in the way answers.
    fileprivate static func html(_ contentType: String) -> HTTPResponse {
        HTTPResponse(
            .ok,
            fields: ["Content-Type": contentType],
            body: .bytes(Array("<!DOCTYPE html><title>Sign in</title><p>Sign in first.\n".utf8))
        )
    }
}
