internal import ReelEvents
internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelProviders
internal import ReelRuntime

/// What the commands ask the running service to change; served on the Unix socket alone.
struct ControlRoutes: Sendable {
    let context: ConsoleContext

    func register(in router: inout HTTPRouter) {
        router.on(.get, "/control/status") { _, _, _ in status() }
        router.on(.post, "/control/events/retry") { request, _, _ in await retry(request) }
        router.on(.post, "/control/events/discard") { request, _, _ in await discard(request) }
        router.on(.post, "/control/videos/track") { request, _, _ in await track(request) }
        router.on(.post, "/control/videos/{id}/files/delete") { request, parameters, _ in
            await deleteFiles(request, parameters["id"] ?? "")
        }
    }

    private func status() -> HTTPResponse {
        let body: JSONObject = [
            "version": .string(context.version),
            "providers": .array(context.providers.map { .string($0.name) }),
        ]
        return .json(.ok, JSONValue.object(body).serialized())
    }

    private func retry(_ request: HTTPRequest) async -> HTTPResponse {
        await matching(request) { sequences, _ in
            let now = context.time.now()
            let retried = try await context.journal.driver.retryDead(sequences, at: now)
            context.journal.wake()
            return ["retried": .array(retried.map { .integer($0) })]
        }
    }

    private func discard(_ request: HTTPRequest) async -> HTTPResponse {
        await matching(request) { sequences, body in
            let detail = body["reason"]?.string
            let discarded = try await context.journal.driver.discardDead(
                sequences,
                reason: Reason("discarded_by_operator", detail),
                at: context.time.now()
            )
            return ["discarded": .array(discarded.map { .integer($0) })]
        }
    }

    private func track(_ request: HTTPRequest) async -> HTTPResponse {
        guard let body = try? JSONParser.parse(request.body), let text = body["id"]?.string,
            let id = VideoID(text)
        else {
            return ErrorEnvelope.response(
                .badRequest,
                "id is not a video id: 1 to 200 of A-Z a-z 0-9 . _ ~ = + : @ -",
                code: "invalid_value",
                parameter: "id"
            )
        }
        let name = body["provider"]?.string ?? context.providers.first?.name ?? ""
        guard context.provider(named: name) != nil else {
            return ErrorEnvelope.response(
                .notFound,
                "there is no provider of that name",
                code: "unknown_provider",
                parameter: "provider"
            )
        }
        let update = JobUpdate(
            provider: name,
            id: id,
            origin: .track,
            moment: context.time.now()
        )
        do throws(JournalError) {
            let job = try await context.journal.record(update)
            return .json(.ok, EntryListing.json(job, assets: []).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    /// Lets the stored files of a video go; the service deletes them in a moment.
    private func deleteFiles(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        let name = request.target.queryValue("provider")
        guard let id = VideoID(id), let provider = await context.owner(of: id.rawValue, named: name)
        else { return ErrorEnvelope.unknownProvider }
        do throws(JournalError) {
            let isReleased = try await context.journal.driver.releaseFiles(
                provider: provider.name,
                videoID: id,
                reason: Reason("deleted_by_operator"),
                at: context.time.now()
            )
            let files = try await context.journal.driver.assets(
                provider: provider.name,
                videoID: id
            )
            guard isReleased || !files.contains(where: { $0.state == .stored }) else {
                return ErrorEnvelope.response(
                    .conflict,
                    "a chain is at work on the video; its files can go when that has ended",
                    code: "video_busy",
                    parameter: "id"
                )
            }
            context.fileBell.ring()
            let count = files.count { $0.state == .leaving }
            let answer: JSONObject = ["id": .string(id.rawValue), "files": .integer(count)]
            return .json(.ok, JSONValue.object(answer).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    /// Finds the dead entries that the body's `filter` names, the newest first and as many as its
    /// limit says, and does something about them.
    ///
    /// The answer's `next` is what the filter's `before` has to be for those that follow; null
    /// after the last.
    private func matching(
        _ request: HTTPRequest,
        _ act: ([Int64], JSONValue) async throws -> JSONObject
    ) async -> HTTPResponse {
        guard let body = try? JSONParser.parse(request.body), let filter = body["filter"],
            var query = EntryQuery(json: filter)
        else {
            return ErrorEnvelope.response(
                .badRequest,
                "the filter is not understood",
                code: "invalid_value",
                parameter: "filter"
            )
        }
        if query.states == nil { query.states = [.dead] }
        do {
            let entries = try await context.journal.driver.entries(query)
            var answer = try await act(entries.map(\.sequence), body)
            let isLast = entries.count < query.limit
            answer["next"] = .integer(orNull: isLast ? nil : entries.last?.sequence)
            return .json(.ok, JSONValue.object(answer).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }
}
