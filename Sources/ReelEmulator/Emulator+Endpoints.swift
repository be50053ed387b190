internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime
internal import ReelWebhooks

extension Emulator {
    /// Answers on `/webhook_endpoints`.
    ///
    /// Ends are told of to the endpoint that was made or changed last, in place of the one in the
    /// configuration.
    func answer(
        _ wanted: EmulatorRoute.Endpoints,
        _ exchange: EmulatorExchange
    ) throws(APIError) -> HTTPResponse {
        let body = try? JSONParser.parse(exchange.request.body)
        switch wanted {
        case .create:
            guard let url = body?["url"]?.string, HTTPURL(url) != nil else { throw .missing("url") }
            let types = (body?["event_types"]?.array ?? []).compactMap(\.string)
            guard !types.isEmpty else { throw .missing("event_types") }
            let made = state.withLock { state in
                state.endpoints.make(
                    name: body?["name"]?.string ?? "",
                    url: url,
                    types: types,
                    state.plan,
                    at: exchange.now
                )
            }
            guard let made else { throw APIError(.badRequest, "Too many webhook endpoints.") }
            use(made)
            return .json(.ok, made.json(withSecret: true).serialized())
        case .list:
            let all = state.withLock { Array($0.endpoints.all.reversed()) }
            let page: JSONValue = [
                "object": "list", "data": .array(all.map { $0.json() }),
                "first_id": .string(orNull: all.first?.id),
                "last_id": .string(orNull: all.last?.id), "has_more": false,
            ]
            return .json(.ok, page.serialized())
        case .retrieve(let id):
            return .json(.ok, try endpoint(id).json().serialized())
        case .rotate(let id):
            _ = try endpoint(id)
            let keepsOld = body?["keep_old_secret_active_for_24_hours"]?.bool ?? false
            let rotated = state.withLock { state in
                state.endpoints.rotate(id, keepsOld: keepsOld, state.plan)
            }
            guard let rotated else { throw Self.noEndpoint(id) }
            use(rotated)
            return .json(.ok, rotated.json(withSecret: true).serialized())
        // Answered by `test`, which waits for the receiver.
        case .test: throw .unknownRoute
        case .delete(let id):
            guard state.withLock({ $0.endpoints.remove(id) }) else { throw Self.noEndpoint(id) }
            tell(nil)
            let answer: JSONValue = [
                "id": .string(id), "deleted": true, "object": "webhook_endpoint.deleted",
            ]
            return .json(.ok, answer.serialized())
        }
    }

    private func endpoint(_ id: String) throws(APIError) -> EndpointTable.Endpoint {
        guard let found = state.withLock({ $0.endpoints.find(id) }) else {
            throw Self.noEndpoint(id)
        }
        return found
    }

    private static func noEndpoint(_ id: String) -> APIError {
        APIError(.notFound, "Webhook endpoint with id '\(id)' not found.")
    }

    private func use(_ endpoint: EndpointTable.Endpoint) {
        let secrets = endpoint.secrets.compactMap { try? WebhookSecret(parsing: $0) }
        guard let first = secrets.first else { return }
        var webhook = EmulatorConfiguration.Webhook(url: endpoint.url, secret: first)
        webhook.secrets = secrets
        tell(webhook)
    }

    /// Sends an event about nothing to an endpoint, once, and says what the receiver answered.
    func test(
        _ id: String,
        _ exchange: EmulatorExchange
    ) async throws(APIError) -> HTTPResponse {
        _ = try authorize(exchange.request)
        let endpoint = try endpoint(id)
        let body = try? JSONParser.parse(exchange.request.body)
        let type = body?["event_type"]?.string ?? ""
        guard endpoint.types.contains(type) else {
            throw APIError(
                .badRequest,
                "The endpoint is not subscribed to '\(type)'.",
                param: "event_type",
                code: "invalid_value"
            )
        }
        use(endpoint)
        guard let target = webhook else { throw .unknownRoute }
        let event = state.withLock { $0.testEvent(type, at: exchange.now) }
        let (status, reason, _) = await send(event, to: target)
        state.withLock { [now = time.now()] in
            $0.note(event, attempt: 1, status: status, reason: reason, at: now)
        }
        let answer: JSONValue = [
            "object": "webhook_endpoint.test", "webhook_endpoint_id": .string(endpoint.id),
            "event_type": .string(type), "status_code": .integer(status ?? 0), "success": true,
        ]
        return .json(.ok, answer.serialized())
    }
}

extension EmulatorState {
    /// An event about a video that there is not.
    mutating func testEvent(_ type: String, at now: Timestamp) -> Webhook {
        testCount += 1
        let random = plan.random("test event \(testCount)")
        let event = "evt_" + random.hexadecimal(byteCount: 16)
        let video = "video_test_" + random.hexadecimal(byteCount: 8)
        let body: JSONValue = [
            "id": .string(event), "object": "event",
            "created_at": .integer(now.secondsSinceEpoch), "type": .string(type),
            "data": ["id": .string(video)],
        ]
        return Webhook(
            webhookID: "wh_" + random.hexadecimal(byteCount: 16),
            eventID: event,
            type: type,
            videoID: video,
            body: body.serialized(),
            faults: [],
            delay: .zero
        )
    }
}
