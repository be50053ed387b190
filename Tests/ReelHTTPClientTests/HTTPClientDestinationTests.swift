import ReelHTTP
import ReelHTTPClient
import TestSupport
import Testing

struct HTTPClientDestinationTests {
    /// Spellings of the loopback that libcurl connects to 127.0.0.1 with, or to its mapped form.
    static let spellings = [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
        "0", "0.0.0.0", "127.000.000.001", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
    ]

    @Test(arguments: spellings)
    func `no spelling of the loopback is a public address`(_ host: String) async throws {
        let server = try ScriptedServer { _ in [.respond(200)] }
        let client = HTTPClient()
        await #expect(throws: HTTPClientError.destinationRefused) {
            try await client.send(
                HTTPClientRequest(
                    .get,
                    "http://\(host):\(server.port)/",
                    destinations: .publicAnd(networks: ["10.0.0.0/8", "nonsense"])
                )
            )
        }
        #expect(server.connectionCount == 0)
    }

    @Test(arguments: [["127.0.0.1"], ["127.0.0.0/8", "fd00::/8"], ["0.0.0.0/0"]])
    func `a network that is named may be reached`(_ networks: [String]) async throws {
        let server = try ScriptedServer { _ in [.respond(200)] }
        let client = HTTPClient()
        let response = try await client.send(
            HTTPClientRequest(.get, server.url, destinations: .publicAnd(networks: networks))
        )
        #expect(response.status == .ok)
    }

    @Test func `a connection that stands is not used by a request that may not go there`()
        async throws
    {
        let server = try ScriptedServer { _ in [.respond(200)] }
        let client = HTTPClient()
        _ = try await client.send(HTTPClientRequest(.get, server.url))
        await #expect(throws: HTTPClientError.destinationRefused) {
            try await client.send(
                HTTPClientRequest(.get, server.url, destinations: .publicAnd(networks: []))
            )
        }
        #expect(server.requests.count == 1)
        _ = try await client.send(HTTPClientRequest(.get, server.url))
        #expect(server.requests.count == 2)
    }

    @Test func `a restricted request does not hide behind a proxy`() async throws {
        let proxy = try ScriptedServer { _ in [.respond(200, [], [1])] }
        var configuration = HTTPClientConfiguration()
        configuration.proxyURL = proxy.url
        let client = HTTPClient(configuration: configuration)
        let free = try await client.send(HTTPClientRequest(.get, "http://nowhere.invalid/"))
        #expect(free.body == [1])
        await #expect(throws: HTTPClientError.self) {
            try await client.send(
                HTTPClientRequest(
                    .get,
                    "http://nowhere.invalid/",
                    destinations: .publicAnd(networks: ["127.0.0.0/8"])
                )
            )
        }
        #expect(proxy.requests.count == 1)
    }
}
