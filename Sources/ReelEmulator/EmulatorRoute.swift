internal import ReelHTTP

/// What a request asks for, by its method and path.
enum EmulatorRoute: Hashable, Sendable {
    case create
    case edit
    case extend
    case list
    case retrieve(String)
    case delete(String)
    case content(String)
    /// A file at the host that content is redirected to.
    case file(String)
    case remix(String)
    case createCharacter
    case character(String)
    case endpoints(Endpoints)
    case control(Control)

    /// What is done to webhook endpoints.
    enum Endpoints: Hashable, Sendable {
        case create
        case list
        case retrieve(String)
        case rotate(String)
        case test(String)
        case delete(String)
    }

    /// The surface for tests under `/emulator/`.
    enum Control: Hashable, Sendable {
        case log
        case videos
        case faults
        case setFaults
        case act(String, Action)
        case throttle
    }

    /// What a test can do to one video.
    enum Action: String, Sendable {
        /// Ends well, now.
        case complete
        /// Fails, now.
        case fail
        /// Is not known any more.
        case forget
        /// Its content is gone.
        case expire
    }

    /// Finds the route.
    ///
    /// - Throws: `APIError` 404 for an unknown path, 405 for a method that the path does not have.
    init(_ request: HTTPRequest) throws(APIError) {
        guard var segments = request.target.segments else { throw .unknownRoute }
        if segments.last == "" { segments.removeLast() }
        switch segments.first {
        case "v1" where segments.count >= 2 && segments[1] == "videos":
            self = try Self.videos(request.method, segments.dropFirst(2).map(\.self))
        case "v1" where segments.count >= 2 && segments[1] == "webhook_endpoints":
            let path = segments.dropFirst(2).map(\.self)
            self = .endpoints(try Self.endpoints(request.method, path))
        case "files" where segments.count == 2:
            self = try Self.choose(request.method, [(.get, .file(segments[1]))])
        case "emulator":
            self = .control(try Self.control(request.method, segments.dropFirst().map(\.self)))
        default: throw .unknownRoute
        }
    }

    private static func videos(
        _ method: HTTPMethod,
        _ path: [String]
    ) throws(APIError) -> EmulatorRoute {
        switch (path.count, path.first, path.last) {
        case (0, _, _): try choose(method, [(.get, .list), (.post, .create)])
        case (1, "edits", _) where method == .post: .edit
        case (1, "extensions", _) where method == .post: .extend
        case (1, "characters", _) where method == .post: .createCharacter
        case (2, "characters", let id?): try choose(method, [(.get, .character(id))])
        case (1, let id?, _): try choose(method, [(.get, .retrieve(id)), (.delete, .delete(id))])
        case (2, let id?, "content"): try choose(method, [(.get, .content(id))])
        case (2, let id?, "remix"): try choose(method, [(.post, .remix(id))])
        default: throw .unknownRoute
        }
    }

    private static func endpoints(
        _ method: HTTPMethod,
        _ path: [String]
    ) throws(APIError) -> Endpoints {
        switch (path.count, path.first, path.last) {
        case (0, _, _): try choose(method, [(.get, .list), (.post, .create)])
        case (1, let id?, _): try choose(method, [(.get, .retrieve(id)), (.delete, .delete(id))])
        case (2, let id?, "rotate_secret"): try choose(method, [(.post, .rotate(id))])
        case (2, let id?, "test"): try choose(method, [(.post, .test(id))])
        default: throw .unknownRoute
        }
    }

    private static func control(
        _ method: HTTPMethod,
        _ path: [String]
    ) throws(APIError) -> Control {
        switch (path.count, path.first) {
        case (1, "log"): return try choose(method, [(.get, .log)])
        case (1, "videos"): return try choose(method, [(.get, .videos)])
        case (1, "throttle"): return try choose(method, [(.post, .throttle)])
        case (1, "faults"): return try choose(method, [(.get, .faults), (.put, .setFaults)])
        case (3, "videos"):
            guard let action = Action(rawValue: path[2]) else { throw .unknownRoute }
            return try choose(method, [(.post, .act(path[1], action))])
        default: throw .unknownRoute
        }
    }

    private static func choose<Route>(
        _ method: HTTPMethod,
        _ routes: [(method: HTTPMethod, route: Route)]
    ) throws(APIError) -> Route {
        guard let found = routes.first(where: { $0.method == method }) else {
            throw .methodNotAllowed(allowed: routes.map(\.method.name))
        }
        return found.route
    }

    /// A name without the video's id, for the log and the fault plan.
    var name: String {
        switch self {
        case .create: "create"
        case .edit: "edit"
        case .extend: "extend"
        case .list: "list"
        case .retrieve: "retrieve"
        case .delete: "delete"
        case .content: "content"
        case .file: "file"
        case .remix: "remix"
        case .createCharacter: "create_character"
        case .character: "character"
        case .endpoints: "endpoints"
        case .control: "control"
        }
    }

    /// The video that the path names.
    var videoID: String? {
        switch self {
        case .retrieve(let id), .delete(let id), .content(let id), .file(let id), .remix(let id): id
        case .create, .edit, .extend, .list, .createCharacter, .character, .endpoints, .control:
            nil
        }
    }
}
