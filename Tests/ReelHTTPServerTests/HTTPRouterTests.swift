import ReelHTTP
import ReelHTTPServer
import Testing

struct HTTPRouterTests {
    private func router() -> HTTPRouter {
        var router = HTTPRouter()
        func say(_ name: String) -> HTTPRouter.RouteHandler {
            { _, parameters, _ in
                let values = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                return .text(.ok, ([name] + values).joined(separator: " "))
            }
        }
        router.on(.get, "/v1/videos/{id}", say("get"))
        router.on(.delete, "/v1/videos/{id}", say("delete"))
        router.on(.get, "/v1/videos/{id}/content", say("content"))
        router.on(.get, "/v1/videos", say("list"))
        router.on(.post, "/v1/videos", say("create"))
        router.on(.get, "/v1/videos/edits", say("edits"))
        router.on(.get, "/{a}/{b}/c", say("ab"))
        router.on(.get, "/", say("root"))
        return router
    }

    private func ask(_ method: HTTPMethod, _ target: String) async throws -> (Int, String, String?)
    {
        let request = HTTPRequest(method: method, target: try #require(HTTPTarget(target)))
        let peer = HTTPPeer.local("test")
        let response = await router().handler(request, peer)
        guard case .bytes(let body) = response.body else { return (0, "", nil) }
        return (
            response.status.code, String(decoding: body, as: UTF8.self), response.fields["Allow"]
        )
    }

    @Test(arguments: [
        (HTTPMethod.get, "/", "root"),
        (.get, "/v1/videos", "list"),
        (.get, "/v1/videos?limit=2", "list"),
        (.post, "/v1/videos", "create"),
        (.get, "/v1/videos/video_1", "get id=video_1"),
        (.head, "/v1/videos/video_1", "get id=video_1"),
        (.delete, "/v1/videos/video_1", "delete id=video_1"),
        (.get, "/v1/videos/a%20b/content", "content id=a b"),
        (.get, "/v1/videos/edits", "edits"),
        (.get, "/v1/videos/%65dits", "edits"),
        (.get, "/x/y/c", "ab a=x b=y"),
    ])
    func `a route is found by path and method`(
        method: HTTPMethod,
        target: String,
        answer: String
    ) async throws {
        let (status, text, _) = try await ask(method, target)
        #expect(status == 200)
        #expect(text == answer)
    }

    @Test(arguments: [
        "/v1", "/v1/videos/", "/v1/videos/a/b", "/v1/videos//content", "//", "/V1/videos",
    ])
    func `a path without a route is not found`(target: String) async throws {
        #expect(try await ask(.get, target).0 == 404)
    }

    @Test func `a malformed escape is a bad request`() async throws {
        #expect(try await ask(.get, "/v1/videos/a%2Fb").0 == 400)
    }

    @Test(arguments: [
        (HTTPMethod.put, "/v1/videos", "GET, POST, HEAD"),
        (.post, "/v1/videos/video_1", "GET, DELETE, HEAD"),
    ])
    func `a method without a route says which there are`(
        method: HTTPMethod,
        target: String,
        allowed: String
    ) async throws {
        let (status, _, allow) = try await ask(method, target)
        #expect(status == 405)
        #expect(allow == allowed)
    }
}
