package import ReelHTTPClient
package import ReelJSON

/// A server that makes videos, behind the wire shape `/v1/videos`.
///
/// It is a base URL and an adapter, never a host name. Calls do not retry on their own but for
/// `GET`s, at most twice, by the rules of OpenAI's SDK; a create is sent once.
package protocol VideoProvider: Sendable {
    /// The name in the configuration, such as `openai`.
    var name: String { get }

    /// Posts a job as it was asked for: the body and its content type go through unchanged.
    func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject

    /// Asks for one job's state.
    func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus

    /// How many lists the provider has: one for each key, as they may belong to different projects.
    var listCount: Int { get }

    /// One page of the provider's list.
    func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage

    /// Deletes a job and its files at the provider; the answer as JSON.
    func delete(_ id: String) async throws(ProviderError) -> JSONValue

    /// Posts a remix: the body and its content type go through unchanged.
    func remix(_ id: String, _ creation: VideoCreation) async throws(ProviderError) -> VideoObject

    /// Posts an edit of a video, which the body names or brings along.
    func edit(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject

    /// Posts an extension of a video, which the body names or brings along.
    func extend(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject

    /// Makes a character of a video that the body brings along; the answer as JSON.
    func createCharacter(_ creation: VideoCreation) async throws(ProviderError) -> JSONValue

    /// Asks for a character; the answer as JSON.
    func character(_ id: String) async throws(ProviderError) -> JSONValue

    /// Makes, lists or changes the provider's webhook endpoints; the answer as JSON.
    func manage(_ request: EndpointRequest) async throws(ProviderError) -> JSONValue

    /// Begins a download: 200 or 206 with the content on its way.
    func content(_ request: ContentRequest) async throws(ProviderError) -> any HTTPClientStream
}

extension VideoProvider {
    package var listCount: Int { 1 }

    // What few servers of this shape have.

    package func edit(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw ProviderError(.unsupportedValue)
    }

    package func extend(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw ProviderError(.unsupportedValue)
    }

    package func createCharacter(
        _ creation: VideoCreation
    ) async throws(ProviderError) -> JSONValue {
        throw ProviderError(.unsupportedValue)
    }

    package func character(_ id: String) async throws(ProviderError) -> JSONValue {
        throw ProviderError(.unsupportedValue)
    }

    package func manage(_ request: EndpointRequest) async throws(ProviderError) -> JSONValue {
        throw ProviderError(.unsupportedValue)
    }
}

/// A request body for a new job.
package struct VideoCreation: Sendable, Hashable {
    package let contentType: String
    package let body: [UInt8]

    package init(contentType: String, body: [UInt8]) {
        self.contentType = contentType
        self.body = body
    }
}

/// A file of a job, from the beginning or from where an earlier transfer was cut.
package struct ContentRequest: Sendable, Hashable {
    package let id: String
    /// `video`, `thumbnail`, `spritesheet`.
    package let variant: String
    /// The bytes that are here already.
    package let offset: Int64
    /// The validator of those bytes, sent as `If-Range`; without one `offset` is not used.
    package let entityTag: String?
    package let byteCountMax: Int
    package let totalTimeout: Duration

    package init(
        id: String,
        variant: String,
        offset: Int64 = 0,
        entityTag: String? = nil,
        byteCountMax: Int,
        totalTimeout: Duration
    ) {
        self.id = id
        self.variant = variant
        self.offset = offset
        self.entityTag = entityTag
        self.byteCountMax = byteCountMax
        self.totalTimeout = totalTimeout
    }
}

/// What the provider says of a job, with its wish for the next poll.
package struct VideoStatus: Sendable, Hashable {
    package let video: VideoObject
    /// `openai-poll-after-ms`, or else `Retry-After`.
    package let pollAfter: Duration?

    package init(video: VideoObject, pollAfter: Duration?) {
        self.video = video
        self.pollAfter = pollAfter
    }
}

/// Which page of the list is wanted; what is nil is left to the provider.
package struct VideoPageRequest: Sendable, Hashable {
    /// The id of the last item of the page before.
    package var after: String?
    package var limit: Int?
    /// `asc` or `desc`.
    package var order: String?
    /// Which of the provider's lists, from 0; nil is that of the key at hand.
    package var listNumber: Int?

    package init(
        after: String? = nil,
        limit: Int? = nil,
        order: String? = nil,
        listNumber: Int? = nil
    ) {
        self.after = after
        self.limit = limit
        self.order = order
        self.listNumber = listNumber
    }
}
