internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelProviders
internal import ReelRuntime

/// A provider's webhook endpoints, made and changed by command; served on the Unix socket alone.
///
/// A signing secret goes from the provider to the shelf and is in no answer.
struct EndpointRoutes: Sendable {
    let context: ConsoleContext

    func register(in router: inout HTTPRouter) {
        router.on(.get, "/control/endpoints") { request, _, _ in await list(request) }
        router.on(.post, "/control/endpoints") { request, _, _ in await create(request) }
        router.on(.post, "/control/endpoints/{id}/rotate") { request, parameters, _ in
            await rotate(request, parameters["id"] ?? "")
        }
        router.on(.post, "/control/endpoints/{id}/test") { request, parameters, _ in
            await test(request, parameters["id"] ?? "")
        }
        router.on(.delete, "/control/endpoints/{id}") { request, parameters, _ in
            await delete(request, parameters["id"] ?? "")
        }
    }

    private func list(_ request: HTTPRequest) async -> HTTPResponse {
        await answer(request) { provider throws(ProviderError) in
            var all: [JSONValue] = []
            var after: String?
            // A provider has few; one whose cursor does not move has no more.
            for _ in 0..<20 {
                let page = try await provider.manage(.list(after: after))
                let items = page["data"]?.array ?? []
                all += items.map(shown)
                let next = page["last_id"]?.string
                guard page["has_more"]?.bool == true, let next, next != after else { break }
                after = next
            }
            return ["object": "list", "data": .array(all)]
        }
    }

    /// Has a test event sent, and says between which two entries of the journal it must stand.
    ///
    /// The provider answers once the receiver has, and the receiver once the event is on disk.
    private func test(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        let type = JSONValue.parsed(request.body)?["type"]?.string ?? "video.completed"
        do throws(JournalError) {
            let before = try await context.journal.driver.lastSequence()
            return await answer(request) { provider throws(ProviderError) in
                let sent = try await provider.manage(.test(id: id, type: type))
                var shown = sent.object ?? JSONObject()
                shown["after_sequence"] = .integer(before)
                let standing = context.endpointShelf.standing(of: id)
                shown["endpoint"] = .string(orNull: standing?.name)
                return .object(shown)
            }
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    private func create(_ request: HTTPRequest) async -> HTTPResponse {
        guard let provider = context.provider(for: request) else {
            return ErrorEnvelope.unknownProvider
        }
        let body = JSONValue.parsed(request.body)
        guard let url = body?["url"]?.string, HTTPURL(url) != nil else {
            return invalid("url must be an absolute URL that the provider can reach", "url")
        }
        let names = context.endpointShelf.names(of: provider.name)
        let name = body?["endpoint"]?.string ?? names.first ?? provider.name
        guard names.contains(name) else {
            return invalid("the intake has no endpoint \(name) of this provider", "endpoint")
        }
        let types = (body?["types"]?.array ?? []).compactMap(\.string)
        do throws(ProviderError) {
            let made = try await provider.manage(
                .create(url: url, name: body?["name"]?.string ?? "Reelhook", types: types)
            )
            return await keep(made, for: name, replacing: false)
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }

    private func rotate(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        guard let provider = context.provider(for: request) else {
            return ErrorEnvelope.unknownProvider
        }
        let body = JSONValue.parsed(request.body)
        let names = context.endpointShelf.names(of: provider.name)
        let name = body?["endpoint"]?.string ?? names.first ?? provider.name
        guard names.contains(name) else {
            return invalid("the intake has no endpoint \(name) of this provider", "endpoint")
        }
        let keepsOld = body?["keep_old"]?.bool ?? true
        do throws(ProviderError) {
            let made = try await provider.manage(.rotate(id: id, keepsOld: keepsOld))
            return await keep(made, for: name, replacing: !keepsOld)
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }

    private func delete(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        guard let provider = context.provider(for: request) else {
            return ErrorEnvelope.unknownProvider
        }
        do throws(ProviderError) {
            let gone = try await provider.manage(.delete(id: id))
            do throws(EndpointShelfError) {
                try await context.endpointShelf.forget(id: id)
            } catch {
                return notKept(error)
            }
            return .json(.ok, gone.serialized())
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }

    /// Keeps the secret of an answer and hands on the rest.
    private func keep(
        _ made: JSONValue,
        for name: String,
        replacing: Bool
    ) async -> HTTPResponse {
        do throws(EndpointShelfError) {
            guard let id = made["id"]?.string, let secret = made["signing_secret"]?.string else {
                throw .notASecret
            }
            try await context.endpointShelf.keep(secret, id: id, for: name, replacing: replacing)
        } catch {
            return notKept(error)
        }
        var object = shown(made).object ?? JSONObject()
        object["endpoint"] = .string(name)
        return .json(.ok, JSONValue.object(object).serialized())
    }

    private func answer(
        _ request: HTTPRequest,
        _ call: (any VideoProvider) async throws(ProviderError) -> JSONValue
    ) async -> HTTPResponse {
        guard let provider = context.provider(for: request) else {
            return ErrorEnvelope.unknownProvider
        }
        do throws(ProviderError) {
            return .json(.ok, try await call(provider).serialized())
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }

    private func invalid(_ message: String, _ parameter: String) -> HTTPResponse {
        ErrorEnvelope.response(
            .badRequest,
            message,
            code: "invalid_value",
            parameter: parameter
        )
    }

    private func notKept(_ error: EndpointShelfError) -> HTTPResponse {
        ErrorEnvelope.response(
            .internalServerError,
            error.description,
            type: "server_error",
            code: "secret_not_kept"
        )
    }

    /// An endpoint without its secret, and with what is kept of it here.
    private func shown(_ endpoint: JSONValue) -> JSONValue {
        guard let object = endpoint.object else { return endpoint }
        var shown = JSONObject()
        for member in object.members where member.name != "signing_secret" {
            shown.append(member.name, member.value)
        }
        guard let id = object["id"]?.string, let own = context.endpointShelf.standing(of: id) else {
            return .object(shown)
        }
        shown["endpoint"] = .string(own.name)
        shown["old_secret_ends_at"] = .string(orNull: own.oldSecretEndsAt?.description)
        return .object(shown)
    }
}

extension JSONValue {
    /// A body as JSON; nil when it is none.
    fileprivate static func parsed(_ body: [UInt8]) -> JSONValue? { try? JSONParser.parse(body) }
}
