internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime

/// What the emulator knows, as a machine without I/O: requests and moments in, answers out.
struct EmulatorState: Sendable {
    let configuration: EmulatorConfiguration
    var videos: VideoTable
    var plan: FaultPlan
    var log: EmulatorLog
    var endpoints = EndpointTable()
    var testCount = 0
    /// By their ids.
    var characters: [String: JSONValue] = [:]
    var characterCount = 0
    /// Until then every answer of the API is a 429 that says how long that is.
    var throttledUntil: Timestamp?
    private var createdCount = 0
    private var requestCount = 0

    init(_ configuration: EmulatorConfiguration) {
        self.configuration = configuration
        videos = VideoTable(countMax: configuration.jobCountMax)
        plan = FaultPlan(seed: configuration.seed, faults: configuration.faults)
        log = EmulatorLog(lineCountMax: configuration.logLineCountMax)
    }

    /// The next request's id, for `x-request-id`.
    mutating func makeRequestID() -> String {
        requestCount += 1
        return "req_" + plan.random("request \(requestCount)").hexadecimal(byteCount: 16)
    }

    /// Makes a job and plans its whole life.
    mutating func create(
        _ parameters: VideoParameters,
        remixing source: String? = nil,
        with key: Int? = nil,
        at now: Timestamp
    ) -> EmulatedVideo {
        createdCount += 1
        let random = plan.random("video \(createdCount)")
        let id = "video_" + random.hexadecimal(byteCount: 24)
        let spread = configuration.jobDurationSpread * (2 * random.unit() - 1)
        let duration = configuration.jobDuration * (1 + spread)
        let faults = plan.faults
        var failure: EmulatedVideo.Failure?
        if plan.decide(faults.failedJobs, "fail", video: id) { failure = .generation }
        if parameters.prompt.contains(EmulatorConfiguration.failureMarker) { failure = .moderation }
        var parameters = parameters
        if plan.decide(faults.shorterFilms, "shorter", video: id) { parameters.seconds = "4" }
        var video = EmulatedVideo(
            id: id,
            key: key,
            parameters: parameters,
            remixedFrom: source,
            createdAt: now,
            startsAt: now + duration / 5,
            endsAt: now + duration,
            failure: failure,
            retention: configuration.expireAfter
        )
        if plan.decide(faults.forgottenJobs, "forget", video: id) {
            video.forgottenAt = now + duration / 2
        }
        for variant in [EmulatedMedia.Variant.thumbnail, .spritesheet]
        where plan.decide(faults.missingVariants, "missing \(variant.rawValue)", video: id) {
            video.missingVariants.insert(variant)
        }
        video.hasUnknownStates = plan.decide(faults.unknownStates, "states", video: id)
        video.isOther = plan.decide(faults.otherFilms, "film", video: id)
        if let evicted = videos.insert(video) { plan.forget(video: evicted) }
        return video
    }

    /// Makes videos that were completed before anybody asked, a second apart; none is told of.
    mutating func fill(_ count: Int, at now: Timestamp) {
        let parameters = VideoParameters(
            prompt: "A reel from before",
            model: "sora-2",
            seconds: "4",
            size: "720x1280"
        )
        for index in 0..<count {
            let moment = now - .seconds(count - index) - configuration.jobDuration * 2
            var video = create(parameters, at: moment)
            video.isAnnounced = true
            videos.update(video)
        }
    }

    /// Takes a video out for good.
    mutating func delete(_ id: String, with key: Int?, at now: Timestamp) throws(APIError) {
        _ = try find(id, with: key, at: now)
        videos.remove(id)
        plan.forget(video: id)
    }

    /// The video of that id; nil for a key asks in the name of all of them.
    ///
    /// - Throws: `APIError` 404 when it is not known, not any more, or to another key.
    func find(
        _ id: String,
        with key: Int? = nil,
        at now: Timestamp
    ) throws(APIError) -> EmulatedVideo {
        guard let video = videos.known(id, at: now), video.isVisible(to: key) else {
            throw .noVideo(id)
        }
        return video
    }

    /// The video of that id, when it can be made something of.
    func findCompleted(
        _ id: String,
        with key: Int?,
        at now: Timestamp
    ) throws(APIError) -> EmulatedVideo {
        let video = try find(id, with: key, at: now)
        guard video.status(at: now) == .completed else {
            throw APIError(
                .badRequest,
                "Video with id '\(id)' is not completed.",
                param: "video_id",
                code: "video_not_completed"
            )
        }
        return video
    }

    /// One page of the list, by the query's `after`, `limit` and `order`.
    func list(
        _ target: HTTPTarget,
        with key: Int?,
        at now: Timestamp
    ) throws(APIError) -> JSONValue {
        var limit = 20
        if let text = target.queryValue("limit") {
            guard let number = Int(text) else {
                throw .wrongType("limit", expected: "an integer", got: "a string")
            }
            guard (1...100).contains(number) else {
                throw APIError(
                    .badRequest,
                    "Invalid 'limit': expected an integer from 1 to 100.",
                    param: "limit",
                    code: "integer_out_of_range"
                )
            }
            limit = number
        }
        let order = target.queryValue("order") ?? "desc"
        guard ["asc", "desc"].contains(order) else {
            throw .unsupported(order, "order", among: ["asc", "desc"])
        }
        let after = target.queryValue("after")
        guard
            let page = videos.page(
                after: after,
                limit: limit,
                isAscending: order == "asc",
                key: key,
                at: now
            )
        else { throw APIError.noVideo(after ?? "") }
        var list: JSONObject = [
            "object": .string("list"),
            "data": .array(page.videos.map { $0.json(at: now) }),
            "has_more": .bool(page.hasMore),
        ]
        // One draw for the whole server: such a one has no such fields.
        if !plan.decide(plan.faults.namelessLists, "list", video: "-") {
            list["first_id"] = .string(orNull: page.videos.first?.id)
            list["last_id"] = .string(orNull: page.videos.last?.id)
        }
        return .object(list)
    }

    /// Does to a video what a test asked for.
    mutating func act(
        _ action: EmulatorRoute.Action,
        on id: String,
        at now: Timestamp
    ) throws(APIError) -> EmulatedVideo {
        var video = try find(id, at: now)
        let isOver = video.status(at: now).isTerminal
        switch action {
        case .complete, .fail:
            guard !isOver else { break }
            video.startsAt = min(video.startsAt, now)
            video.endsAt = now
            video.failure = action == .fail ? (video.failure ?? .generation) : nil
        case .forget:
            video.forgottenAt = now
        case .expire:
            video.retention = isOver ? now - video.endsAt : .zero
        }
        videos.update(video)
        return video
    }
}

extension EmulatorConfiguration {
    /// A prompt with this in it is refused by the moderation of the emulator.
    package static let failureMarker = "[fail]"
}
