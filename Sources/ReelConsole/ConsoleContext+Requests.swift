internal import ReelHTTP
internal import ReelJournal
internal import ReelProviders

extension ConsoleContext {
    /// What a request orders; nil when it does not say in which encoding.
    func creation(_ request: HTTPRequest) -> VideoCreation? {
        guard let contentType = request.fields.only("Content-Type") else { return nil }
        return VideoCreation(contentType: contentType, body: request.body)
    }

    /// The provider that a request names, or else the first; nil when it names one that is none.
    func provider(for request: HTTPRequest) -> (any VideoProvider)? {
        guard let name = request.target.queryValue("provider") else { return providers.first }
        return provider(named: name)
    }

    /// The provider that a video belongs to: the one named, else the one whose job the journal
    /// has, else the first.
    func owner(of id: String, named name: String?) async -> (any VideoProvider)? {
        if let name { return provider(named: name) }
        if providers.count > 1, let id = VideoID(id) {
            for provider in providers
            where (try? await journal.driver.job(provider: provider.name, id: id)) ?? nil != nil {
                return provider
            }
        }
        return providers.first
    }
}

extension ErrorEnvelope {
    static var unknownProvider: HTTPResponse {
        response(
            .notFound,
            "there is no provider of that name",
            code: "unknown_provider",
            parameter: "provider"
        )
    }

    static var missingContentType: HTTPResponse {
        response(
            .unsupportedMediaType,
            "the request has no Content-Type; send JSON or multipart/form-data",
            code: "missing_content_type"
        )
    }
}
