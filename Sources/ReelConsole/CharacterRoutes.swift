internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelProviders

/// `/v1/videos/characters`: the provider's own answers, passed through.
///
/// A character is sent once, as a video is, but no intent of it is written down: no price of one is
/// known, and no provider lists or deletes characters, so that an unknown outcome could never be
/// resolved and would stand in the way of the same character for good. A second one does no harm.
struct CharacterRoutes: Sendable {
    let context: ConsoleContext

    func register(in router: inout HTTPRouter) {
        router.on(.post, "/v1/videos/characters") { request, _, _ in await create(request) }
        router.on(.get, "/v1/videos/characters/{id}") { request, parameters, _ in
            await retrieve(request, parameters["id"] ?? "")
        }
    }

    private func create(_ request: HTTPRequest) async -> HTTPResponse {
        guard let provider = context.provider(for: request) else {
            return ErrorEnvelope.unknownProvider
        }
        guard let creation = context.creation(request) else {
            return ErrorEnvelope.missingContentType
        }
        do throws(ProviderError) {
            return .json(.ok, try await provider.createCharacter(creation).serialized())
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }

    private func retrieve(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        guard let provider = context.provider(for: request) else {
            return ErrorEnvelope.unknownProvider
        }
        do throws(ProviderError) {
            return .json(.ok, try await provider.character(id).serialized())
        } catch {
            return ErrorEnvelope.response(for: error)
        }
    }
}
