internal import ReelCrypto
internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime

extension Emulator {
    /// Finds the answer to a request whose route is known.
    func answer(_ exchange: inout EmulatorExchange) throws(APIError) -> HTTPResponse {
        guard let route = exchange.route else { throw .unknownRoute }
        if case .control(let control) = route { return try answer(control, exchange) }
        if case .file(let id) = route { return try file(id, &exchange) }
        exchange.key = try authorize(exchange.request)
        let content = try decideFaults(&exchange, route)
        if let spoiled = content.answer { return spoiled }
        switch route {
        case .create, .edit, .extend, .remix: return try make(&exchange, route)
        case .list:
            let page = try state.withLock { state throws(APIError) in
                try state.list(exchange.request.target, with: exchange.key, at: exchange.now)
            }
            return .json(.ok, page.serialized())
        case .retrieve(let id):
            let video = try state.withLock { state throws(APIError) in
                try state.find(id, with: exchange.key, at: exchange.now)
            }
            return show(video, exchange.now)
        case .delete(let id):
            try state.withLock { state throws(APIError) in
                try state.delete(id, with: exchange.key, at: exchange.now)
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
        case .control, .file: throw .unknownRoute
        }
    }

    /// The number of the key that a request came with; nil where none is needed.
    func authorize(_ request: HTTPRequest) throws(APIError) -> Int? {
        guard !configuration.apiKeys.isEmpty else { return nil }
        guard let sent = request.fields.only("Authorization"), sent.hasPrefix("Bearer ") else {
            throw .noKey
        }
        let given = Array(sent.utf8.dropFirst("Bearer ".utf8.count))
        let number = configuration.apiKeys.firstIndex { key in
            constantTimeEqual(given.span, Array(key.utf8).span)
        }
        guard let number else { throw .wrongKey }
        return number
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
        let isJSON = exchange.request.fields["Content-Type"]?.hasPrefix("application/json") == true
        let (decision, rates) = state.withLock { state in
            if let until = state.throttledUntil, exchange.now < until {
                var faults = state.plan.faults
                faults.retryAfterSeconds = Int((until - exchange.now).components.seconds) + 1
                let throttled: (answer: FaultPlan.AnswerFault?, content: FaultPlan.ContentFaults) =
                    (.throttled, FaultPlan.ContentFaults())
                return (throttled, faults)
            }
            // Only known ids are counted, so that what strangers ask for takes no memory.
            let known = route.videoID.flatMap { state.videos.known($0, at: exchange.now)?.id }
            let decision = state.plan.decideAnswer(
                route: name,
                video: known,
                carriesContent: carriesContent,
                isJSON: isJSON
            )
            return (decision, state.plan.faults)
        }
        let (answer, content) = decision
        exchange.faults = answer.map { [$0.rawValue] } ?? content.names
        switch answer {
        case nil: return (nil, content)
        case .lostAnswer:
            _ = try make(&exchange, route)
            throw APIError(.badGateway, "Bad gateway.", type: "server_error")
        case .serverError: throw .serverError
        case .rateLimit, .throttled:
            throw .rateLimit(retryAfterSeconds: rates.retryAfterSeconds)
        case .html: return (.html("text/html; charset=utf-8"), content)
        case .multipartOnly: throw .multipartOnly
        case .refusedDeletion: throw .notDeleted
        }
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
                try state.findCompleted(id, with: exchange.key, at: now)
            }
            source = id
            parameters = original.parameters.with(prompt: prompt)
        case .edit, .extend:
            parameters = try derive(form, exchange, isExtension: route == .extend)
        case .create, .list, .retrieve, .delete, .content, .file, .createCharacter, .character,
            .endpoints, .control:
            parameters = try VideoParameters(creating: form)
        }
        let key = exchange.key
        let video = state.withLock {
            $0.create(parameters, remixing: source, with: key, at: now)
        }
        exchange.videoID = video.id
        if webhook != nil { tellLater(of: video.id) }
        return show(video, now)
    }

    /// What an edit or an extension makes of the video that it names or brings along.
    private func derive(
        _ form: VideoForm,
        _ exchange: EmulatorExchange,
        isExtension: Bool
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
                try state.findCompleted(id, with: exchange.key, at: exchange.now).parameters
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
}

extension VideoParameters {
    fileprivate func with(prompt: String) -> VideoParameters {
        var copy = self
        copy.prompt = prompt
        return copy
    }
}
