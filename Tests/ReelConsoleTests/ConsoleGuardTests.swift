import ReelHTTP
import Testing

@testable import ReelConsole

struct ConsoleGuardTests {
    private func status(_ token: String?, _ fields: HTTPFields) throws -> Int? {
        let target = try #require(HTTPTarget("/v1/videos"))
        let request = HTTPRequest(method: .get, target: target, fields: fields)
        return ConsoleGuard(token: token).refusal(of: request)?.status.code
    }

    @Test(arguments: [
        "Bearer the-token-of-the-console", "bearer the-token-of-the-console",
    ])
    func `whoever has the token may use it, from any host`(authorization: String) throws {
        let fields: HTTPFields = ["Host": "console.example", "Authorization": authorization]
        #expect(try status("the-token-of-the-console", fields) == nil)
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer the-token-of-the-consol", "the-token-of-the-console",
        "Bearer the-token-of-the-console ", "Basic the-token-of-the-console",
    ])
    func `anything else is refused with 401`(authorization: String) throws {
        let fields: HTTPFields = ["Host": "127.0.0.1", "Authorization": authorization]
        #expect(try status("the-token-of-the-console", fields) == 401)
    }

    @Test(arguments: ["127.0.0.1:8081", "localhost:8081", "[::1]:8081", "localhost"])
    func `without a token this machine is served`(host: String) throws {
        #expect(try status(nil, ["Host": host]) == nil)
        #expect(try status(nil, ["Host": host, "Origin": "http://localhost:3000"]) == nil)
    }

    @Test(arguments: ["evil.example:8081", "127.0.0.1.evil.example", "", "localhost.evil:80"])
    func `without a token a foreign name is refused with 403`(host: String) throws {
        #expect(try status(nil, ["Host": host]) == 403)
    }

    @Test(arguments: ["https://evil.example", "null"])
    func `without a token a foreign page is refused with 403`(origin: String) throws {
        #expect(try status(nil, ["Host": "localhost:8081", "Origin": origin]) == 403)
    }
}
