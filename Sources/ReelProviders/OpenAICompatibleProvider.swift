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
    let access: ProviderAccess
    let transport: any HTTPTransport
    let limits: ProviderLimits
    let time: any TimeSource
    private let random: any RandomSource
    private let gate: CallGate
    private let metrics: ProviderMetrics

    package init(
        name: String,
        baseURL: ProviderBaseURL,
        access: ProviderAccess,
        transport: any HTTPTransport,
        limits: ProviderLimits = ProviderLimits(),
        time: any TimeSource,
        random: any RandomSource,
        metrics: Metrics
    ) {
        self.name = name
        self.baseURL = baseURL
        self.access = access
        self.transport = transport
        self.limits = limits
        self.time = time
        self.random = random
        self.metrics = ProviderMetrics(metrics)
        gate = CallGate(countMax: limits.callCountMax, waitingCountMax: limits.waitingCountMax)
    }

    package func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        try await post(.create, try url("videos"), creation)
    }

    package func remix(
        _ id: String,
        _ creation: VideoCreation
    ) async throws(ProviderError) -> VideoObject {
        try await post(.remix, try url("videos", id, "remix"), creation)
    }

    package func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus {
        let request = request(.get, try url("videos", id))
        return try await repeated(.retrieve) { () async throws(CallFault) in
            let response = try await send(request, .retrieve)
            let answer = answer(response)
            guard let video = VideoObject(try answer.json()) else {
                throw answer.fault(.unexpectedShape)
            }
            let pollAfter = ServerWish.pollAfter(response.fields, now: time.now())
            return VideoStatus(video: video, pollAfter: pollAfter)
        }
    }

    package func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
        var query: [(name: String, value: String)] = []
        if let after = page.after { query.append(("after", after)) }
        if let limit = page.limit { query.append(("limit", String(limit))) }
        if let order = page.order { query.append(("order", order)) }
        let request = request(.get, try url("videos").withQuery(query))
        return try await repeated(.list) { () async throws(CallFault) in
            let answer = answer(try await send(request, .list))
            guard let found = VideoPage(try answer.json(), after: page.after) else {
                throw answer.fault(.unexpectedShape)
            }
            return found
        }
    }

    package func delete(_ id: String) async throws(ProviderError) -> JSONValue {
        let request = request(.delete, try url("videos", id))
        return try await once(.delete) { () async throws(CallFault) in
            let response = try await send(request, .delete)
            if response.status.isSuccess, response.body.isEmpty {
                return [
                    "id": .string(id), "object": "video.deleted", "deleted": true,
                ]
            }
            return try answer(response).json()
        }
    }

    // MARK: - One call

    private func post(
        _ call: ProviderCall,
        _ url: HTTPURL,
        _ creation: VideoCreation
    ) async throws(ProviderError) -> VideoObject {
        var request = request(.post, url)
        request.fields.append("Content-Type", creation.contentType)
        request.body = creation.body
        request.limits.totalTimeout = limits.createTimeout
        request.limits.stallTimeout = limits.createTimeout
        return try await once(call) { () async throws(CallFault) in
            let answer = answer(try await send(request, call))
            guard let video = VideoObject(try answer.json()) else {
                throw answer.fault(.unexpectedShape)
            }
            return video
        }
    }

    func url(_ first: String, _ rest: String...) throws(ProviderError) -> HTTPURL {
        var url = baseURL.url.appending(first)
        for segment in rest { url = url?.appending(segment) }
        guard let url else { throw ProviderError(.invalidRequest) }
        return url
    }

    func request(_ method: HTTPMethod, _ url: HTTPURL) -> HTTPClientRequest {
        var fields = access.fields
        fields.append("Accept", "application/json")
        var request = HTTPClientRequest(method, url.text, fields: fields)
        request.limits.connectTimeout = limits.connectTimeout
        request.limits.totalTimeout = limits.callTimeout
        request.limits.stallTimeout = limits.callTimeout
        request.limits.bodyByteCountMax = limits.answerByteCountMax
        return request
    }

    private func answer(_ response: HTTPClientResponse) -> ProviderAnswer {
        ProviderAnswer(response, limits: limits, now: time.now())
    }

    private func send(
        _ request: HTTPClientRequest,
        _ call: ProviderCall
    ) async throws(CallFault) -> HTTPClientResponse {
        do throws(ProviderError) {
            try await gate.enter()
        } catch {
            throw CallFault(error, wantsRetry: false)
        }
        defer { gate.leave() }
        do {
            return try await transport.send(request)
        } catch {
            throw CallFault(error)
        }
    }

    // MARK: - Once, or again

    private func once<Answer>(
        _ call: ProviderCall,
        _ attempt: () async throws(CallFault) -> Answer
    ) async throws(ProviderError) -> Answer {
        do {
            let answer = try await attempt()
            metrics.sent(call, nil)
            return answer
        } catch {
            metrics.sent(call, error.error)
            throw error.error
        }
    }

    /// Makes attempts until one succeeds or there is no use in another.
    func repeated<Answer>(
        _ call: ProviderCall,
        _ attempt: () async throws(CallFault) -> Answer
    ) async throws(ProviderError) -> Answer {
        var retryCount = 0
        while true {
            do throws(CallFault) {
                let answer = try await attempt()
                metrics.sent(call, nil)
                return answer
            } catch {
                metrics.sent(call, error.error)
                guard let wait = wait(after: error, retryCount) else { throw error.error }
                retryCount += 1
                do {
                    try await time.sleep(for: wait)
                } catch {
                    throw ProviderError(.cancelled)
                }
            }
        }
    }

    /// How long to wait before another attempt; nil when there is to be none.
    private func wait(after fault: CallFault, _ retryCount: Int) -> Duration? {
        guard fault.mayRepeat, retryCount < limits.retryCountMax else { return nil }
        if let asked = fault.error.retryAfter {
            return asked <= limits.retryWaitMax ? asked : nil
        }
        let doubled = min(0.5 * Double(1 << min(retryCount, 10)), 8)
        return .seconds(doubled * (1 - 0.25 * random.unit()))
    }
}
