internal import ReelCrypto
internal import ReelHTTP
package import ReelHTTPClient
package import ReelRuntime

/// Calls to one bucket of an S3-compatible store.
///
/// Every request is signed and covers its content by hash, and one that fails for a reason that may
/// pass is sent again, a bounded number of times.
package struct S3Client: Sendable {
    package let bucket: S3Bucket
    private let signer: S3Signer
    private let transport: any HTTPTransport
    private let limits: S3Limits
    private let time: any TimeSource
    private let random: any RandomSource
    /// Whether the store has turned out not to take checksums.
    let refusesChecksums = Locked(false)

    package init(
        bucket: S3Bucket,
        credentials: S3Credentials,
        transport: any HTTPTransport,
        limits: S3Limits = S3Limits(),
        time: any TimeSource,
        random: any RandomSource
    ) {
        self.bucket = bucket
        signer = S3Signer(credentials: credentials, region: bucket.region)
        self.transport = transport
        self.limits = limits
        self.time = time
        self.random = random
    }

    /// A link with which anybody may read the object until it expires, at most a week (GetObject).
    package func link(_ key: String, lifetime: Duration) throws(S3Error) -> String {
        signer.presigned(.get, try url(key), lifetime: lifetime, at: time.now())
    }

    // MARK: How requests are made and sent

    /// A request that is not signed yet, since each sending carries its own moment.
    struct Call {
        var method: HTTPMethod
        var url: HTTPURL
        var fields: HTTPFields = [:]
        var content: HTTPClientContent?
        var contentSHA256 = S3Client.emptySHA256
        /// The store works before it answers, without a byte in the meantime.
        var takesLong = false
    }

    func url(_ key: String) throws(S3Error) -> HTTPURL {
        guard let url = bucket.url(of: key) else { throw S3Error(.transport(.invalidURL)) }
        return url
    }

    /// Sends until there is an answer of success.
    func send(_ call: Call) async throws(S3Error) -> HTTPClientResponse {
        try await repeating(call) { request throws(S3Error) in
            let response: HTTPClientResponse
            do throws(HTTPClientError) {
                response = try await transport.send(request)
            } catch {
                throw S3Error(.transport(error))
            }
            guard response.status.isSuccess else { throw S3Error(response) }
            return response
        }
    }

    /// Sends until there is a head of success; the caller reads the content or cancels it.
    func stream(_ call: Call) async throws(S3Error) -> any HTTPClientStream {
        try await repeating(call) { request throws(S3Error) in
            let response: HTTPClientResponse
            do throws(HTTPClientError) {
                let stream = try await transport.stream(request)
                guard !stream.head.status.isSuccess else { return stream }
                var body: [UInt8] = []
                while body.count < 64 << 10, let bytes = try await stream.next() { body += bytes }
                stream.cancel()
                response = HTTPClientResponse(head: stream.head, body: body)
            } catch {
                throw S3Error(.transport(error))
            }
            throw S3Error(response)
        }
    }

    private func repeating<Answer>(
        _ call: Call,
        _ body: (HTTPClientRequest) async throws(S3Error) -> Answer
    ) async throws(S3Error) -> Answer {
        var tryCount = 0
        while true {
            do throws(S3Error) {
                return try await body(request(call))
            } catch {
                guard error.isTransient, tryCount < limits.retryCountMax,
                    let wait = wait(before: tryCount, error)
                else { throw error }
                do {
                    try await time.sleep(for: wait)
                } catch {
                    throw S3Error(.transport(.cancelled))
                }
                tryCount += 1
            }
        }
    }

    /// Nil when the store asks for a wait that is too long to be waited here.
    private func wait(before tryCount: Int, _ error: S3Error) -> Duration? {
        if let wish = error.retryAfter { return wish <= limits.retryWaitMax ? wish : nil }
        let ceiling = limits.retryBase * (1 << min(tryCount, 10))
        return min(ceiling, limits.retryWaitMax) * random.unit()
    }

    private func request(_ call: Call) -> HTTPClientRequest {
        var fields = call.fields
        signer.sign(
            call.method,
            call.url,
            &fields,
            contentSHA256: call.contentSHA256,
            at: time.now()
        )
        var bounds = HTTPClientRequest.Limits()
        bounds.connectTimeout = limits.connectTimeout
        bounds.stallTimeout = limits.stallTimeout
        bounds.slowestBytesPerSecond = limits.slowestBytesPerSecond
        bounds.bodyByteCountMax = limits.answerByteCountMax
        let isCall = call.content == nil && !call.takesLong
        bounds.totalTimeout = isCall ? limits.callTimeout : limits.transferTimeout
        if call.takesLong { bounds.stallTimeout = limits.transferTimeout }
        var request = HTTPClientRequest(
            call.method,
            call.url.text,
            fields: fields,
            limits: bounds,
            destinations: limits.destinations
        )
        request.content = call.content
        // What must not happen twice says so to the store, by a condition or an upload's id.
        request.mayBeSentAgain = true
        return request
    }

    /// The SHA-256 of no bytes.
    static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}
