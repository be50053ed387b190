internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime

extension Emulator {
    /// Answers on the surface for tests, which is open to whoever reaches the listener.
    func answer(
        _ control: EmulatorRoute.Control,
        _ exchange: EmulatorExchange
    ) throws(APIError) -> HTTPResponse {
        switch control {
        case .log:
            return .json(.ok, state.withLock { $0.log }.json.serialized())
        case .videos:
            let videos = state.withLock { $0.videos.all }
            return .json(.ok, describe(videos, exchange.now).serialized())
        case .faults:
            return .json(.ok, state.withLock { $0.plan.faults }.json.serialized())
        case .setFaults:
            return .json(.ok, try setFaults(exchange.request.body).json.serialized())
        case .throttle:
            let query = exchange.request.target.queryValue("seconds")
            guard let seconds = query.flatMap({ Int($0) }), (0...86_400).contains(seconds) else {
                throw APIError(.badRequest, "seconds is from 0 to 86400.", param: "seconds")
            }
            state.withLock { $0.throttledUntil = exchange.now + .seconds(seconds) }
            return .json(.ok, JSONValue.object(["seconds": .integer(seconds)]).serialized())
        case .act(let id, let action):
            let video = try state.withLock { state throws(APIError) in
                try state.act(action, on: id, at: exchange.now)
            }
            if webhook != nil { tellLater(of: id) }
            return .json(.ok, video.json(at: exchange.now).serialized())
        }
    }

    /// Each video with the length and the digest of its files, for comparing.
    private func describe(_ videos: [EmulatedVideo], _ now: Timestamp) -> JSONValue {
        let lines = videos.map { video -> JSONValue in
            var files = JSONObject()
            for variant in EmulatedMedia.Variant.allCases
            where !video.missingVariants.contains(variant) {
                let media = video.media(variant, byteCountMin: configuration.contentByteCountMin)
                files[variant.rawValue] = .object([
                    "bytes": .integer(media.byteCount),
                    "sha256": .string(digest(of: media, "\(video.id) \(variant.rawValue)")),
                ])
            }
            return .object([
                "id": .string(video.id),
                "status": .string(video.status(at: now).rawValue),
                "forgotten": .bool(video.isForgotten(at: now)),
                "files": .object(files),
            ])
        }
        return .object(["data": .array(lines)])
    }

    /// The digest of a file, worked out once for each: a test asks for it again and again.
    private func digest(of media: EmulatedMedia, _ name: String) -> String {
        if let known = digests.withLock({ $0[name] }) { return known }
        let digest = media.sha256
        digests.withLock { known in
            // Jobs are bounded, and so are their files; those of jobs that are gone go as well.
            let countMax = configuration.jobCountMax * EmulatedMedia.Variant.allCases.count
            if known.count >= countMax { known.removeAll() }
            known[name] = digest
        }
        return digest
    }

    /// Changes the chances named in a JSON object and leaves the others.
    private func setFaults(_ body: [UInt8]) throws(APIError) -> EmulatorFaults {
        let value: JSONValue
        do {
            value = try JSONParser.parse(body)
        } catch {
            throw APIError(.badRequest, "The body is not JSON.")
        }
        guard let members = value.object?.members else {
            throw APIError(.badRequest, "The body is not an object.")
        }
        var changes: [(any EmulatorFaults.Path, Probability)] = []
        for member in members {
            guard let fault = EmulatorFaults.names.first(where: { $0.name == member.name }) else {
                throw APIError(.badRequest, "There is no such fault.", param: member.name)
            }
            guard
                let chance = member.value.double.flatMap({ Probability($0) })
                    ?? member.value.string.flatMap({ Probability(text: $0) })
            else {
                throw APIError(.badRequest, "A chance is from 0 to 1.", param: member.name)
            }
            changes.append((fault.path, chance))
        }
        return state.withLock { state in
            for (path, chance) in changes { state.plan.faults[keyPath: path] = chance }
            return state.plan.faults
        }
    }
}

extension EmulatorFaults {
    /// The chances by name.
    fileprivate var json: JSONValue {
        var object = JSONObject()
        for (name, path) in Self.names {
            object[name] = .number(JSONNumber(self[keyPath: path].value))
        }
        return .object(object)
    }
}
