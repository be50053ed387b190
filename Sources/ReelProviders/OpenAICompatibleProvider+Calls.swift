internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelRuntime

extension OpenAICompatibleProvider {
    /// Posts a job; `source` is the video that it is made from.
    func post(
        _ call: ProviderCall,
        _ url: HTTPURL,
        _ creation: VideoCreation,
        of source: String? = nil
    ) async throws(ProviderError) -> VideoObject {
        let request = posting(creation, to: url)
        return try await once(call) { () async throws(CallFault) in
            try await withKey(for: source) { key throws(CallFault) in
                let answer = answer(try await send(request, key))
                guard var video = VideoObject(try answer.json()) else {
                    throw answer.fault(.unexpectedShape)
                }
                keys.remember(video.id, key)
                video.keyPrint = keys.print(key)
                return video
            }
        }
    }

    // MARK: - One request

    func url(_ first: String, _ rest: String...) throws(ProviderError) -> HTTPURL {
        var url = baseURL.url.appending(first)
        for segment in rest { url = url?.appending(segment) }
        guard let url else { throw ProviderError(.invalidRequest) }
        return url
    }

    /// A request without what makes us known, which follows from the key.
    func request(_ method: HTTPMethod, _ url: HTTPURL) -> HTTPClientRequest {
        var request = HTTPClientRequest(
            method,
            url.text,
            fields: ["Accept": "application/json"]
        )
        request.limits.connectTimeout = limits.connectTimeout
        request.limits.totalTimeout = limits.callTimeout
        request.limits.stallTimeout = limits.callTimeout
        request.limits.bodyByteCountMax = limits.answerByteCountMax
        return request
    }

    func posting(_ creation: VideoCreation, to url: HTTPURL) -> HTTPClientRequest {
        var request = request(.post, url)
        request.fields.append("Content-Type", creation.contentType)
        request.body = creation.body
        request.limits.totalTimeout = limits.createTimeout
        request.limits.stallTimeout = limits.createTimeout
        return request
    }

    func answer(_ response: HTTPClientResponse) -> ProviderAnswer {
        ProviderAnswer(response, limits: limits, now: time.now())
    }

    func send(
        _ request: HTTPClientRequest,
        _ key: Int
    ) async throws(CallFault) -> HTTPClientResponse {
        try await waitForPace()
        do throws(ProviderError) {
            try await gate.enter()
        } catch {
            throw CallFault(error, wantsRetry: false)
        }
        defer { gate.leave() }
        do {
            return try await transport.send(request.with(keys.fields(key)))
        } catch {
            throw CallFault(error)
        }
    }

    /// Waits for the request's moment where the configuration limits their rate.
    func waitForPace() async throws(CallFault) {
        let uptime = time.uptime()
        let (isPaced, wait) = pace.withLock { pace in
            (pace != nil, pace?.take(at: uptime, longest: limits.paceWaitMax))
        }
        guard isPaced else { return }
        guard let wait else {
            throw CallFault(ProviderError(.overloaded), wantsRetry: false)
        }
        guard wait > .zero else { return }
        do {
            try await time.sleep(for: wait)
        } catch {
            throw CallFault(ProviderError(.cancelled))
        }
    }

    // MARK: - With one key, or the next

    /// Makes a call with one key after the other, for as long as another may do better.
    ///
    /// A key is changed only after an answer that says that nothing was done: a job is never made
    /// twice by this. Where `only` names a key by its number, that one alone is tried.
    ///
    /// - Throws: The fault that says most of those of the keys that were tried:
    ///   `CallFault.outcome(of:)`.
    func withKey<Answer>(
        for job: String?,
        only: Int? = nil,
        _ call: (Int) async throws(CallFault) -> Answer
    ) async throws(CallFault) -> Answer {
        var faults: [CallFault] = []
        if only == nil, let job, let recallKey, keys.lacks(job), let print = await recallKey(job) {
            keys.recall(job, print)
        }
        for key in only.map({ [$0] }) ?? keys.order(for: job, at: time.uptime()) {
            do {
                let answer = try await call(key)
                if let job { keys.remember(job, key) }
                return answer
            } catch {
                faults.append(error)
                guard keys.note(error.error, key, for: job, at: time.uptime()) else { break }
            }
        }
        throw CallFault.outcome(of: faults) ?? CallFault(ProviderError(.unauthorized))
    }

    // MARK: - Once, or again

    func once<Answer>(
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

extension HTTPClientRequest {
    /// The request with these fields before its own.
    func with(_ fields: HTTPFields) -> HTTPClientRequest {
        var copy = self
        copy.fields = fields
        for field in self.fields.fields { copy.fields.append(field.name, field.value) }
        return copy
    }
}
