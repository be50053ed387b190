internal import ReelJSON

/// What is asked of a provider's webhook endpoints (`/webhook_endpoints` of OpenAI's API).
package enum EndpointRequest: Sendable, Hashable {
    case create(url: String, name: String, types: [String])
    /// One page, newest first.
    case list(after: String?)
    /// Gives the endpoint another secret; the old one goes on for a day, or dies at once.
    case rotate(id: String, keepsOld: Bool)
    /// Has an event of that type, about nothing, sent now.
    case test(id: String, type: String)
    case delete(id: String)

    /// The body of the request; nil for one without.
    var body: JSONValue? {
        switch self {
        case .create(let url, let name, let types):
            [
                "url": .string(url), "name": .string(name),
                "event_types": .array(types.map { .string($0) }),
            ]
        case .rotate(_, let keepsOld): ["keep_old_secret_active_for_24_hours": .bool(keepsOld)]
        case .test(_, let type): ["event_type": .string(type)]
        case .list, .delete: nil
        }
    }
}
