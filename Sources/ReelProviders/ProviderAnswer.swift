internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJSON
internal import ReelRuntime

/// A provider's answer, sorted into JSON or a fault.
///
/// The kind of a fault comes from the status and from the words in `error.code`, `error.type` and
/// `error.param`; the message is never looked at.
struct ProviderAnswer {
    private let response: HTTPClientResponse
    private let limits: ProviderLimits
    private let now: Timestamp

    init(_ response: HTTPClientResponse, limits: ProviderLimits, now: Timestamp) {
        self.response = response
        self.limits = limits
        self.now = now
    }

    /// The answer's JSON.
    ///
    /// - Throws: `CallFault` when the status is not 2xx or the body is no JSON.
    func json() throws(CallFault) -> JSONValue {
        guard response.status.isSuccess else { throw refusal() }
        guard let json = parsed() else { throw fault(.notJSON) }
        return json
    }

    /// A fault of that kind with the answer's status, code and body.
    func fault(_ kind: ProviderError.Kind) -> CallFault {
        let fields = response.fields
        return CallFault(
            ProviderError(
                kind,
                status: response.status.code,
                providerCode: words().first,
                retryAfter: ServerWish.retryAfter(fields, now: now),
                body: keptBody,
                contentByteCount: contentByteCount
            ),
            wantsRetry: ServerWish.wantsRetry(fields)
        )
    }

    /// The fault that a status other than 2xx stands for.
    func refusal() -> CallFault {
        let words = words()
        for word in words {
            if let kind = ProviderErrorWords.kinds[word.lowercased()] {
                return fault(kind.at(status: response.status.code))
            }
        }
        if parsedError?["param"]?.string == "model", [400, 404].contains(response.status.code) {
            return fault(.modelNotFound)
        }
        return fault(kindOfStatus)
    }

    private var kindOfStatus: ProviderError.Kind {
        switch response.status.code {
        case 300...399: .redirected
        case 401: .unauthorized
        case 402: .billing
        case 403: .forbidden
        case 404: .notFound
        case 405, 501: .unsupportedValue
        case 408: .timedOut
        case 409: .conflict
        case 410: .expired
        case 413: .tooLarge
        case 415: .unsupportedEncoding
        case 425: .notReady
        case 429: .rateLimited
        case 400...499: .invalidRequest
        // What proxies and content networks say when the server behind them does not answer.
        case 502, 504, 520...527, 530: .gatewayError
        case 529: .overloaded
        case 503: isMarkup ? .gatewayError : .overloaded
        case 500...599: isMarkup ? .gatewayError : .serverError
        default: .unexpectedShape
        }
    }

    /// Whether the body is a page for people instead of an answer for programs.
    private var isMarkup: Bool {
        if let type = response.fields["Content-Type"], MediaTypeName(type).isMarkup { return true }
        return response.body.first { $0 > 0x20 } == UInt8(ascii: "<")
    }

    /// The words of the error's code and type, the code first.
    private func words() -> [String] {
        guard let error = parsedError else { return [] }
        return [error["code"]?.string, error["type"]?.string].compactMap { $0 }
            .filter(ProviderErrorWords.isPlain)
    }

    /// OpenAI's `{"error": {…}}`, or the bare members that some gateways send.
    private var parsedError: JSONValue? {
        guard let json = parsed() else { return nil }
        if let error = json["error"], error.object != nil { return error }
        return response.status.isSuccess ? nil : json
    }

    private func parsed() -> JSONValue? {
        try? JSONParser.parse(
            response.body,
            limits: JSONLimits(byteCountMax: limits.answerByteCountMax)
        )
    }

    /// RFC 9110, section 15.5.17: a 416 tells the length of the whole as `bytes */N`.
    private var contentByteCount: Int64? {
        guard response.status.code == 416 else { return nil }
        return response.fields.only("Content-Range").flatMap { HTTPContentRange($0) }?.size
    }

    private var keptBody: [UInt8]? {
        response.body.isEmpty || response.body.count > limits.errorByteCountMax
            ? nil : response.body
    }
}
