package import ReelHTTP

/// Chooses what answers a request by its path and its method.
///
/// A path without a route is answered 404, a method without one on a known path 405 with `Allow`;
/// HEAD falls back to what answers GET. Where several patterns fit, the one with the earlier
/// literal segment wins.
package struct HTTPRouter: Sendable {
    /// Answers a request on a route; the parameters are the path's segments by their names in the
    /// pattern, percent-decoded.
    package typealias RouteHandler =
        @Sendable (
            _ request: HTTPRequest, _ parameters: [String: String], _ peer: HTTPPeer
        ) async -> HTTPResponse

    private struct Route: Sendable {
        let pattern: RoutePattern
        private struct Handler {
            let method: HTTPMethod
            let handler: RouteHandler
        }

        private var handlers: [Handler] = []

        init(_ pattern: RoutePattern) { self.pattern = pattern }

        func handler(for method: HTTPMethod) -> RouteHandler? {
            handlers.first { $0.method == method }?.handler
        }

        /// Tells the methods that are answered, in the order they were given.
        private(set) var methodNotAllowed = HTTPResponse(.methodNotAllowed)

        mutating func add(_ method: HTTPMethod, _ handler: @escaping RouteHandler) {
            handlers.removeAll { $0.method == method }
            handlers.append(Handler(method: method, handler: handler))
            var names = handlers.map(\.method.name)
            if names.contains("GET"), !names.contains("HEAD") { names.append("HEAD") }
            methodNotAllowed = .text(.methodNotAllowed, "Method not allowed\n")
            methodNotAllowed.fields.set("Allow", names.joined(separator: ", "))
        }
    }

    /// The most specific pattern first.
    private var routes: [Route] = []
    /// Where the routes are whose path is one text, which needs no splitting to be found.
    private var literals: [String: Int] = [:]
    private var hasPatterns = false

    private static let notFound = HTTPResponse.text(.notFound, "Not found\n")

    package init() {}

    /// Has a method on the paths of a pattern, such as `/v1/videos/{id}/content`, answered.
    ///
    /// A pattern and method given before is replaced. A segment in braces stands for one segment
    /// that is not empty.
    package mutating func on(
        _ method: HTTPMethod,
        _ pattern: String,
        _ handler: @escaping RouteHandler
    ) {
        let pattern = RoutePattern(pattern)
        var route = Route(pattern)
        if let index = routes.firstIndex(where: { $0.pattern.sameShape(as: pattern) }) {
            route = routes.remove(at: index)
        }
        route.add(method, handler)
        let place = routes.firstIndex { route.pattern.isMoreSpecific(than: $0.pattern) }
        routes.insert(route, at: place ?? routes.endIndex)
        literals = [:]
        for (index, route) in routes.enumerated() {
            if let path = route.pattern.literalPath { literals[path] = index }
        }
        hasPatterns = literals.count < routes.count
    }

    /// What a server is given.
    package var handler: HTTPHandler {
        { [self] request, peer in await answer(request, peer) }
    }

    /// What refuses a request that no handler is there for.
    package var refusal: HTTPRefusal {
        { [self] request, _ in
            switch find(request) {
            case .handler: nil
            case .refused(let response): response
            }
        }
    }

    /// What a request leads to.
    private enum Found {
        case handler(RouteHandler, [String: String])
        case refused(HTTPResponse)
    }

    private func answer(_ request: HTTPRequest, _ peer: HTTPPeer) async -> HTTPResponse {
        switch find(request) {
        case .handler(let handler, let parameters): await handler(request, parameters, peer)
        case .refused(let response): response
        }
    }

    private func find(_ request: HTTPRequest) -> Found {
        if let index = literals[request.target.path] {
            return find(request.method, on: routes[index], [:])
        }
        if !hasPatterns, !request.target.path.utf8.contains(UInt8(ascii: "%")) {
            return .refused(Self.notFound)
        }
        guard let segments = request.target.segments else {
            return .refused(.text(.badRequest, "Malformed path\n"))
        }
        for route in routes {
            guard let parameters = route.pattern.match(segments) else { continue }
            return find(request.method, on: route, parameters)
        }
        return .refused(Self.notFound)
    }

    private func find(
        _ method: HTTPMethod,
        on route: Route,
        _ parameters: [String: String]
    ) -> Found {
        if let handler = route.handler(for: method) { return .handler(handler, parameters) }
        if method == .head, let handler = route.handler(for: .get) {
            return .handler(handler, parameters)
        }
        return .refused(route.methodNotAllowed)
    }
}
