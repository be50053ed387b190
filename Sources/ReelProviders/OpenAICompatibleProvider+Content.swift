internal import ReelHTTP
package import ReelHTTPClient
internal import ReelRuntime

extension OpenAICompatibleProvider {
    /// One request on the way to a file, which redirects may lead elsewhere.
    private struct Hop {
        let url: HTTPURL
        /// Whether every hop so far was at the provider's own origin.
        let isOwn: Bool
    }

    package func content(
        _ request: ContentRequest
    ) async throws(ProviderError) -> any HTTPClientStream {
        var url = try url("videos", request.id, "content")
        if request.variant != "video" { url = url.withQuery([("variant", request.variant)]) }
        let start = Hop(url: url, isOwn: true)
        return try await repeated(.content) { () async throws(CallFault) in
            try await withKey(for: request.id) { key throws(CallFault) in
                try await waitForPace()
                return try await begin(request, at: start, key)
            }
        }
    }

    /// Follows redirects by hand, since what goes along changes at the first foreign origin.
    private func begin(
        _ request: ContentRequest,
        at start: Hop,
        _ key: Int
    ) async throws(CallFault) -> any HTTPClientStream {
        var hop = start
        for _ in 0...limits.redirectCountMax {
            let stream: any HTTPClientStream
            do {
                stream = try await transport.stream(self.hopRequest(request, hop, key))
            } catch {
                throw CallFault(error)
            }
            let head = stream.head
            switch head.status.code {
            case 301, 302, 303, 307, 308:
                stream.cancel()
                guard let location = head.fields["Location"],
                    let next = RedirectTarget.resolve(location, from: hop.url),
                    next.scheme == .https || hop.url.scheme == .http
                else { throw CallFault(ProviderError(.redirected, status: head.status.code)) }
                hop = Hop(url: next, isOwn: hop.isOwn && next.hasSameOrigin(as: start.url))
            case 200, 206:
                return try await checked(stream, request, hop)
            case 202, 204:
                stream.cancel()
                throw CallFault(
                    ProviderError(
                        .notReady,
                        status: head.status.code,
                        retryAfter: ServerWish.retryAfter(head.fields, now: time.now())
                    )
                )
            default:
                throw refusal(try await wholeAnswer(stream), hop)
            }
        }
        throw CallFault(ProviderError(.redirected))
    }

    private func hopRequest(
        _ wanted: ContentRequest,
        _ hop: Hop,
        _ key: Int
    ) -> HTTPClientRequest {
        var request = request(.get, hop.url)
        request.fields = HTTPFields()
        if hop.isOwn {
            request.fields = keys.fields(key)
        } else {
            request.destinations = limits.redirectDestinations
        }
        request.fields.set("Accept", "video/*, image/*, application/octet-stream, */*;q=0.5")
        if wanted.offset > 0, let entityTag = wanted.entityTag {
            request.fields.append("Range", "bytes=\(wanted.offset)-")
            request.fields.append("If-Range", entityTag)
        }
        request.limits.totalTimeout = wanted.totalTimeout
        request.limits.stallTimeout = limits.stallTimeout
        request.limits.slowestBytesPerSecond = limits.slowestBytesPerSecond
        request.limits.bodyByteCountMax = wanted.byteCountMax
        return request
    }

    /// Hands on what may be a file: a page or an answer in JSON is none, whatever its status.
    private func checked(
        _ stream: any HTTPClientStream,
        _ request: ContentRequest,
        _ hop: Hop
    ) async throws(CallFault) -> any HTTPClientStream {
        let asksForPart = request.offset > 0 && request.entityTag != nil
        guard stream.head.status == .ok || asksForPart else {
            stream.cancel()
            throw CallFault(
                ProviderError(.unexpectedShape, status: stream.head.status.code)
            )
        }
        let type = MediaTypeName(stream.head.fields["Content-Type"] ?? "")
        guard type.isMarkup || type.isJSON else { return stream }
        let answer = try await wholeAnswer(stream)
        throw answer.fault(type.isMarkup ? .notJSON : .unexpectedShape)
    }

    /// Reads the body of what is no file, up to the bound; one that is longer or breaks off is
    /// left out.
    private func wholeAnswer(
        _ stream: any HTTPClientStream
    ) async throws(CallFault) -> ProviderAnswer {
        defer { stream.cancel() }
        var body: [UInt8] = []
        do {
            while let bytes = try await stream.next() {
                body += bytes
                if body.count > limits.errorByteCountMax { break }
            }
        } catch {
            if error == .cancelled { throw CallFault(error) }
            body = []
        }
        if body.count > limits.errorByteCountMax { body = [] }
        return ProviderAnswer(
            HTTPClientResponse(head: stream.head, body: body),
            limits: limits,
            now: time.now()
        )
    }

    /// A refusal by another origin says nothing about the provider's key.
    private func refusal(_ answer: ProviderAnswer, _ hop: Hop) -> CallFault {
        let fault = answer.refusal()
        guard !hop.isOwn, fault.error.kind == .unauthorized else { return fault }
        return answer.fault(.forbidden)
    }
}
