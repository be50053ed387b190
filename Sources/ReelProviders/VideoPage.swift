package import ReelJSON

/// One page of a list; `next` is the cursor to go on with, also where a server sends no `last_id`.
package struct VideoPage: Sendable, Hashable {
    package internal(set) var videos: [VideoObject]
    package let next: String?
    /// The answer as it came, for passing through.
    package let raw: JSONValue

    package init(videos: [VideoObject], next: String?, raw: JSONValue) {
        self.videos = videos
        self.next = next
        self.raw = raw
    }

    /// Reads `{"object": "list", "data": […], "last_id", "has_more"}` or a bare array; nil for
    /// anything else.
    ///
    /// `has_more` decides; where it is missing, a `last_id` does, as in OpenAI's SDKs. A server
    /// that ignores `after` would send the same page for ever, so a cursor that does not move ends
    /// the list.
    init?(_ json: JSONValue, after: String?) {
        guard let items = json.array ?? json["data"]?.array else { return nil }
        videos = items.compactMap { VideoObject($0) }
        raw = json
        let last = json["last_id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let cursor =
            switch json["has_more"]?.bool {
            case true?: last ?? videos.last?.id
            case false?: String?.none
            case nil: last
            }
        next = videos.isEmpty || cursor == after ? nil : cursor
    }
}
