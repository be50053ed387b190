internal import ReelHTTP
package import ReelHTTPClient
package import ReelJSON
package import ReelObservability
package import ReelRuntime

/// Any server of the wire shape `/v1/videos`, at its base URL.
///
/// Bodies of a create or remix go through byte for byte and are sent once. A status, a list and
/// the beginning of a download are asked for again, at most twice, by the rules of OpenAI's SDKs.
package struct OpenAICompatibleProvider: VideoProvider {
    package let name: String
    let baseURL: ProviderBaseURL
    let transport: any HTTPTransport
    let limits: ProviderLimits
    let time: any TimeSource
    let random: any RandomSource
    let gate: CallGate
    let pace: Locked<RequestPace?>
    let keys: KeyRing
    let recallKey: KeyRecall?
    let metrics: ProviderMetrics

    package init(
        name: String,
        baseURL: ProviderBaseURL,
        access: ProviderAccess,
        transport: any HTTPTransport,
        limits: ProviderLimits = ProviderLimits(),
        time: any TimeSource,
        random: any RandomSource,
        metrics: Metrics,
        recallKey: KeyRecall? = nil
    ) {
        self.name = name
        self.baseURL = baseURL
        self.transport = transport
        self.limits = limits
        self.time = time
        self.random = random
        self.metrics = ProviderMetrics(metrics)
        self.recallKey = recallKey
        gate = CallGate(countMax: limits.callCountMax, waitingCountMax: limits.waitingCountMax)
        keys = KeyRing(access, at: name, jobCountMax: limits.knownJobCountMax)
        pace = Locked(
            limits.requestsPerMinute.map {
                RequestPace(requestsPerMinute: $0, burstCount: limits.callCountMax)
            }
        )
    }

    package var listCount: Int { keys.count }

    package func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        try await post(.create, try url("videos"), creation)
    }

    package func remix(
        _ id: String,
        _ creation: VideoCreation
    ) async throws(ProviderError) -> VideoObject {
        try await post(.remix, try url("videos", id, "remix"), creation, of: id)
    }

    package func edit(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        try await post(.edit, try url("videos", "edits"), creation, of: creation.sourceID)
    }

    package func extend(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        try await post(.extend, try url("videos", "extensions"), creation, of: creation.sourceID)
    }

    package func createCharacter(
        _ creation: VideoCreation
    ) async throws(ProviderError) -> JSONValue {
        let request = posting(creation, to: try url("videos", "characters"))
        return try await once(.createCharacter) { () async throws(CallFault) in
            try await withKey(for: nil) { key throws(CallFault) in
                let json = try answer(try await send(request, key)).json()
                if let id = json["id"]?.string { keys.remember(id, key) }
                return json
            }
        }
    }

    package func character(_ id: String) async throws(ProviderError) -> JSONValue {
        let request = request(.get, try url("videos", "characters", id))
        return try await repeated(.character) { () async throws(CallFault) in
            try await withKey(for: id) { key throws(CallFault) in
                try answer(try await send(request, key)).json()
            }
        }
    }

    package func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus {
        let request = request(.get, try url("videos", id))
        return try await repeated(.retrieve) { () async throws(CallFault) in
            try await withKey(for: id) { key throws(CallFault) in
                let response = try await send(request, key)
                let answer = answer(response)
                guard var video = VideoObject(try answer.json()) else {
                    throw answer.fault(.unexpectedShape)
                }
                video.keyPrint = keys.print(key)
                let pollAfter = ServerWish.pollAfter(response.fields, now: time.now())
                return VideoStatus(video: video, pollAfter: pollAfter)
            }
        }
    }

    package func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
        var query: [(name: String, value: String)] = []
        if let after = page.after { query.append(("after", after)) }
        if let limit = page.limit { query.append(("limit", String(limit))) }
        if let order = page.order { query.append(("order", order)) }
        let request = request(.get, try url("videos").withQuery(query))
        return try await repeated(.list) { () async throws(CallFault) in
            try await withKey(for: page.after, only: page.listNumber) { key throws(CallFault) in
                let answer = answer(try await send(request, key))
                guard var found = VideoPage(try answer.json(), after: page.after) else {
                    throw answer.fault(.unexpectedShape)
                }
                // What a key lists, it can ask for; and its cursor is of no use to another.
                for index in found.videos.indices {
                    let known = keys.rememberListed(found.videos[index].id, key)
                    found.videos[index].keyPrint = keys.print(known)
                }
                return found
            }
        }
    }

    package func delete(_ id: String) async throws(ProviderError) -> JSONValue {
        let request = request(.delete, try url("videos", id))
        return try await once(.delete) { () async throws(CallFault) in
            try await withKey(for: id) { key throws(CallFault) in
                let response = try await send(request, key)
                if response.status.isSuccess, response.body.isEmpty {
                    return [
                        "id": .string(id), "object": "video.deleted", "deleted": true,
                    ]
                }
                return try answer(response).json()
            }
        }
    }
}
