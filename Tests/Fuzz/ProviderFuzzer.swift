internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJSON
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// Feeds the client of a provider with answers.
///
/// An input is a byte for the call and the status, header lines, an empty line and the body. What
/// is checked: a call succeeds if and only if its answer is one of success with JSON of the shape
/// that is asked for; what it hands on is what came; a fault is decided by status and words, so
/// that another message makes no other fault; what is said of a fault holds nothing of the answer
/// but a plain word; a list never goes on where it began.
enum ProviderFuzzer {
    private static let statuses = [
        200, 201, 202, 204, 301, 307, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 416,
        422, 425, 429, 499, 500, 501, 502, 503, 504, 520, 526, 529, 530, 599,
    ]

    static func check(_ input: [UInt8]) -> Int32 {
        guard let (control, fields, body) = answer(input) else { return -1 }
        let status = statuses[Int(control) % statuses.count]
        let call = Call.allCases[Int(control) / statuses.count % Call.allCases.count]
        let outcome = made(call, status, fields, body)
        let json = try? JSONParser.parse(body)
        expect((json != nil) == ReferenceJSON.accepts(body), "JSON by one reading only")
        switch outcome {
        case .success(let made):
            expect((200...299).contains(status), "success at \(status)")
            check(made, json, call, hasBody: !body.isEmpty)
        case .failure(let error):
            check(error, status, fields, json, call, isEmpty: body.isEmpty)
            guard let json, let other = withOtherMessages(json) else { return 0 }
            guard case .failure(let again) = made(call, status, fields, other.serialized()) else {
                fatalError("finding: the message decides whether it is a fault")
            }
            expect(
                again.kind == error.kind && again.providerCode == error.providerCode
                    && again.retryAfter == error.retryAfter,
                "by the message: \(error) or \(again)"
            )
        }
        return 0
    }

    private enum Call: CaseIterable {
        case create, retrieve, list, delete, endpoints, character, content, remix
    }

    private enum Made: Sendable {
        case video(VideoObject)
        case page(VideoPage)
        case json(JSONValue)
        case content(Int)
    }

    private static func made(
        _ call: Call,
        _ status: Int,
        _ fields: HTTPFields,
        _ body: [UInt8]
    ) -> Result<Made, ProviderError> {
        let server = AnsweringServer(status, fields, body)
        guard let url = try? ProviderBaseURL("http://127.0.0.1:1/v1"), let key = APIKey("sk-1")
        else { fatalError("finding: the base URL is none") }
        let provider = OpenAICompatibleProvider(
            name: "fuzz",
            baseURL: url,
            access: ProviderAccess(key: key),
            transport: server,
            time: StandingTime(),
            random: SeededRandomSource(seed: 1),
            metrics: Metrics()
        )
        let outcome = settled { await ProviderFuzzer.made(call, by: provider) }
        let mostCount = ProviderLimits().retryCountMax + 1
        let hopCount = ProviderLimits().redirectCountMax + 1
        expect(server.requestCount <= mostCount * hopCount, "\(server.requestCount) requests")
        let isOnce = [.create, .delete, .endpoints, .remix].contains(call)
        expect(!isOnce || server.requestCount == 1, "sent \(server.requestCount) times")
        return outcome
    }

    private static func made(
        _ call: Call,
        by provider: OpenAICompatibleProvider
    ) async -> Result<Made, ProviderError> {
        let creation = VideoCreation(contentType: "application/json", body: Array("{}".utf8))
        do throws(ProviderError) {
            switch call {
            case .create: return .success(.video(try await provider.create(creation)))
            case .remix: return .success(.video(try await provider.remix("v_1", creation)))
            case .retrieve: return .success(.video(try await provider.retrieve("v_1").video))
            case .list:
                let page = try await provider.list(VideoPageRequest(after: "v_9"))
                return .success(.page(page))
            case .delete: return .success(.json(try await provider.delete("v_1")))
            case .endpoints:
                return .success(.json(try await provider.manage(.list(after: nil))))
            case .character: return .success(.json(try await provider.character("c_1")))
            case .content:
                let wanted = ContentRequest(
                    id: "v_1",
                    variant: "video",
                    byteCountMax: 1 << 20,
                    totalTimeout: .seconds(60)
                )
                let stream = try await provider.content(wanted)
                stream.cancel()
                return .success(.content(stream.head.status.code))
            }
        } catch {
            return .failure(error)
        }
    }

    // MARK: What was made

    private static func check(_ made: Made, _ json: JSONValue?, _ call: Call, hasBody: Bool) {
        switch made {
        case .video(let video):
            expect(video.json == json, "another object")
            expect(!video.id.isEmpty && video.id == json?["id"]?.string, "another id")
            checkFields(video)
        case .page(let page):
            expect(page.raw == json, "another list")
            let items = json?.array ?? json?["data"]?.array ?? []
            let known = items.filter { $0["id"]?.string.map { !$0.isEmpty } ?? false }
            expect(page.videos.map(\.json) == known, "other videos than in the list")
            expect(page.next != "v_9" && page.next != "", "a list that goes on where it began")
            expect(page.next == nil || !page.videos.isEmpty, "a list that goes on without videos")
            for video in page.videos { checkFields(video) }
        case .json(let made):
            expect(made == json || call == .delete && !hasBody, "another answer")
        case .content(let status): expect(status == 200, "content with status \(status)")
        }
    }

    /// Every member can be read, whatever number or text stands there.
    private static func checkFields(_ video: VideoObject) {
        let moments = [video.createdAt, video.completedAt, video.expiresAt].compactMap(\.self)
        for moment in moments {
            expect(moment - .seconds(1) < moment + .seconds(1), "a moment outside of time")
        }
        let texts = [
            video.model, video.prompt, video.size, video.seconds, video.remixedFrom,
            video.errorCode, video.errorMessage,
        ]
        expect(texts.compactMap(\.self).count <= texts.count, "texts")
        expect(video.progress.map { $0 >= .min } ?? true, "progress")
        expect(video.status.isTerminal == isEnd(video.json["status"]?.string), "another end")
    }

    private static func isEnd(_ word: String?) -> Bool {
        ["completed", "failed", "expired", "cancelled", "canceled"].contains(word ?? "")
    }

    // MARK: Faults

    private static func check(
        _ error: ProviderError,
        _ status: Int,
        _ fields: HTTPFields,
        _ json: JSONValue?,
        _ call: Call,
        isEmpty: Bool
    ) {
        expect(error.status == status || error.kind == .redirected, "status \(error.status ?? 0)")
        switch status {
        case 401: expect(error.kind == .unauthorized, "401 is \(error)")
        case 410: expect(error.kind == .expired, "410 is \(error)")
        case 413: expect(error.kind == .tooLarge, "413 is \(error)")
        case 200...299: checkSuccess(error, json, call, isEmpty: isEmpty)
        default: break
        }
        if let word = error.providerCode {
            let plain = word.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 0x20 }
            expect(plain && (1...64).contains(word.utf8.count), "a code that is no word")
            let given = [json?["error"] ?? json, json].compactMap(\.self)
                .flatMap { [$0["code"]?.string, $0["type"]?.string] }
            expect(given.contains(word), "a code that did not come")
        }
        if let wait = error.retryAfter {
            expect(wait > .zero && wait <= .seconds(86_400), "a wait of \(wait)")
        }
        expect(error.description.utf8.count < 160, "a description with more than words")
        expect(error.contentByteCount == nil || status == 416, "a length at \(status)")
        expect((error.contentByteCount ?? 0) >= 0, "a length below nothing")
    }

    /// Why an answer of success was not taken.
    private static func checkSuccess(
        _ error: ProviderError,
        _ json: JSONValue?,
        _ call: Call,
        isEmpty: Bool
    ) {
        switch call {
        case .content: break
        case .delete, .endpoints, .character:
            expect(json == nil && error.kind == .notJSON, "JSON refused as \(error)")
            expect(call != .delete || !isEmpty, "an empty answer to a deletion")
        case .create, .remix, .retrieve:
            let hasID = json?["id"]?.string.map { !$0.isEmpty } ?? false
            expect(!hasID, "a video refused as \(error)")
            let kind = json == nil ? ProviderError.Kind.notJSON : .unexpectedShape
            expect(error.kind == kind, "\(error) where it is \(kind)")
        case .list:
            expect(json?.array == nil && json?["data"]?.array == nil, "a list refused")
        }
    }

    /// The answer with other texts in its messages; nil when it has none.
    private static func withOtherMessages(_ json: JSONValue) -> JSONValue? {
        guard case .object(let object) = json else { return nil }
        var copy = JSONObject()
        var isOther = false
        for member in object.members {
            var value = member.value
            if member.name == "message", value.string != nil {
                value = "moderation_blocked insufficient_quota <html> not found 401"
                isOther = true
            } else if member.name == "error", let inner = withOtherMessages(value) {
                value = inner
                isOther = true
            }
            copy.append(member.name, value)
        }
        return isOther ? .object(copy) : nil
    }
}
