internal import ReelEvents
internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelReconciler
internal import ReelRuntime

/// `/v1/videos`: the provider's own answers, passed through, and the job remembered.
struct VideoRoutes: Sendable {
    let context: ConsoleContext

    func register(in router: inout HTTPRouter) {
        router.on(.post, "/v1/videos") { request, _, _ in await create(request) }
        router.on(.get, "/v1/videos") { request, _, _ in await list(request) }
        router.on(.get, "/v1/videos/{id}") { request, parameters, _ in
            await retrieve(request, parameters["id"] ?? "")
        }
        router.on(.delete, "/v1/videos/{id}") { request, parameters, _ in
            await delete(request, parameters["id"] ?? "")
        }
        router.on(.post, "/v1/videos/{id}/remix") { request, parameters, _ in
            await remix(request, parameters["id"] ?? "")
        }
        router.on(.post, "/v1/videos/edits") { request, _, _ in await derive(request, .edit) }
        router.on(.post, "/v1/videos/extensions") { request, _, _ in
            await derive(request, .extend)
        }
        CharacterRoutes(context: context).register(in: &router)
    }

    private func create(_ request: HTTPRequest) async -> HTTPResponse {
        guard let provider = namedProvider(request) else { return unknownProvider }
        return await reading(request, .create) { order in
            if context.checksReferences.contains(provider.name),
                let refusal = ReferenceCheck.refusal(of: order)
            {
                return refusal
            }
            return await place(order, at: provider)
        }
    }

    private func remix(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        guard let provider = await owner(of: id, request) else { return unknownProvider }
        return await reading(request, .remix(of: id)) { order in
            await place(order, at: provider)
        }
    }

    /// Makes a video of the one that the body names or brings along, at that one's provider.
    private func derive(_ request: HTTPRequest, _ work: VideoWork) async -> HTTPResponse {
        await reading(request, work) { order in
            let found =
                if let source = order.sourceID {
                    await owner(of: source, request)
                } else {
                    namedProvider(request)
                }
            guard let provider = found else { return unknownProvider }
            return await place(order, at: provider)
        }
    }

    /// Refuses what cannot be read: it could not be told from the same order sent once more.
    private func reading(
        _ request: HTTPRequest,
        _ work: VideoWork,
        _ answer: (VideoOrder) async -> HTTPResponse
    ) async -> HTTPResponse {
        guard let creation = context.creation(request) else {
            return ErrorEnvelope.missingContentType
        }
        let order: VideoOrder
        do throws(VideoOrderError) {
            order = try VideoOrder(creation, for: work)
        } catch {
            return ErrorEnvelope.response(for: error)
        }
        return await answer(order)
    }

    private func place(
        _ order: VideoOrder,
        at provider: any VideoProvider
    ) async -> HTTPResponse {
        switch await OrderDesk(context: context).place(order, at: provider) {
        case .made(let video): await created(video, by: order, at: provider)
        case .refused(let response): response
        }
    }

    /// Answers with the new job after it is remembered.
    ///
    /// A job that exists and costs money is told of even when the journal could not be written;
    /// the provider's list brings it back.
    private func created(
        _ video: VideoObject,
        by order: VideoOrder,
        at provider: any VideoProvider
    ) async -> HTTPResponse {
        await remember(video, at: provider.name, ordered: order.media)
        return .json(.ok, video.json.serialized())
    }

    private func list(_ request: HTTPRequest) async -> HTTPResponse {
        guard let provider = namedProvider(request) else { return unknownProvider }
        var page = VideoPageRequest()
        page.after = request.target.queryValue("after")
        page.order = request.target.queryValue("order")
        if let text = request.target.queryValue("limit") {
            guard let limit = Int(text), (0...1000).contains(limit) else {
                return ErrorEnvelope.response(
                    .badRequest,
                    "limit must be a whole number from 0 to 1000",
                    code: "invalid_value",
                    parameter: "limit"
                )
            }
            page.limit = limit
        }
        if let order = page.order, order != "asc", order != "desc" {
            return ErrorEnvelope.response(
                .badRequest,
                "order must be asc or desc",
                code: "invalid_value",
                parameter: "order"
            )
        }
        do throws(ProviderError) {
            return .json(.ok, try await provider.list(page).raw.serialized())
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }

    private func retrieve(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        guard let provider = await owner(of: id, request) else { return unknownProvider }
        do throws(ProviderError) {
            let status = try await provider.retrieve(id)
            await remember(status.video, at: provider.name)
            var response = HTTPResponse.json(.ok, status.video.json.serialized())
            if let wait = status.pollAfter {
                response.fields.append("openai-poll-after-ms", String(wait.wholeMilliseconds))
            }
            return response
        } catch {
            return await remembered(id, at: provider.name) ?? ErrorEnvelope.response(for: error)
        }
    }

    /// What the journal knows of a job that has ended and that the provider cannot or will not
    /// tell of any more.
    private func remembered(_ id: String, at provider: String) async -> HTTPResponse? {
        guard let id = VideoID(id), let job = await job(id, at: provider), let object = job.object
        else { return nil }
        switch job.state {
        case .completed, .failed: break
        case .open, .lost, .deleted: return nil
        }
        var response = HTTPResponse.json(.ok, object)
        response.fields.append("Reelhook-Source", "journal")
        return response
    }

    private func delete(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        guard let provider = await owner(of: id, request) else { return unknownProvider }
        if request.target.queryValue("retry") == "true", let known = VideoID(id),
            let job = await job(known, at: provider.name), job.state != .deleted
        {
            return await deleteInTheEnd(job)
        }
        let answer: JSONValue
        do throws(ProviderError) {
            answer = try await provider.delete(id)
        } catch {
            guard error.kind == .notFound, let known = VideoID(id),
                let job = await job(known, at: provider.name), job.state != .deleted
            else { return ErrorEnvelope.response(for: error) }
            // The provider has forgotten it, which is what was asked for.
            answer = .object([
                "id": .string(id), "deleted": .bool(true), "object": .string("video.deleted"),
            ])
        }
        if let known = VideoID(id), await job(known, at: provider.name) != nil {
            var update = JobUpdate(
                provider: provider.name,
                id: known,
                origin: .console,
                moment: context.time.now()
            )
            update.state = .deleted
            do throws(JournalError) {
                try await context.journal.record(update)
            } catch {
                return ErrorEnvelope.storageUnavailable
            }
        }
        return .json(.ok, answer.serialized())
    }

    /// Deletes a video at its provider, or remembers that it is still to be deleted there.
    ///
    /// - Returns: 202 when it is not deleted yet, with when it is tried again.
    private func deleteInTheEnd(_ job: VideoJob) async -> HTTPResponse {
        let deletion = ProviderDeletion(
            journal: context.journal,
            providers: context.providers,
            policy: context.deletionPolicy,
            time: context.time,
            logger: context.logger,
            metrics: context.metrics
        )
        var answer: JSONObject = [
            "id": .string(job.id.rawValue), "deleted": .bool(true),
            "object": .string("video.deleted"),
        ]
        do {
            switch try await deletion.attempt(job) {
            case .deleted: return .json(.ok, JSONValue.object(answer).serialized())
            case .waiting(let removal), .givenUp(let removal):
                context.fileBell.ring()
                answer["deleted"] = .bool(false)
                answer["provider_delete"] = EntryListing.json(removal)
                return .json(.accepted, JSONValue.object(answer).serialized())
            case .notAsked:
                return ErrorEnvelope.response(
                    .conflict,
                    "the video is lost: there is nothing to delete at the provider",
                    code: "video_lost",
                    parameter: "id"
                )
            }
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    // MARK: - Shared

    /// Records what the provider said, and the end it told of if it did: the console is one more
    /// witness.
    private func remember(
        _ video: VideoObject,
        at provider: String,
        ordered: OrderedMedia? = nil
    ) async {
        guard let id = VideoID(video.id) else {
            return context.logger.warning(
                "a job's id cannot be kept",
                ["provider": .string(provider)]
            )
        }
        let news = ProviderNews(
            video,
            of: id,
            at: provider,
            origin: .console,
            ordered: ordered
        )
        do throws(JournalError) {
            try await news.record(in: context.journal, now: context.time.now())
        } catch {
            context.logger.warning(
                "news of a job could not be recorded",
                ["video.id": .string(id.rawValue), "reason": .string(error.code)]
            )
        }
    }

    private func job(_ id: VideoID, at provider: String) async -> VideoJob? {
        try? await context.journal.driver.job(provider: provider, id: id)
    }

    private func namedProvider(_ request: HTTPRequest) -> (any VideoProvider)? {
        context.provider(for: request)
    }

    private func owner(of id: String, _ request: HTTPRequest) async -> (any VideoProvider)? {
        await context.owner(of: id, named: request.target.queryValue("provider"))
    }

    private var unknownProvider: HTTPResponse { ErrorEnvelope.unknownProvider }
}
