import ReelHTTP
import ReelSystem
import Testing

@testable import ReelHTTPServer

struct RateLimiterTests {
    private let start = Deadline.now()

    private func limiter(rate: Int, burst: Int, clients: Int = 8) -> RateLimiter {
        var limit = RateLimit(seed: (1, 2))
        limit.requestsPerSecond = rate
        limit.burst = burst
        limit.clientCountMax = clients
        return RateLimiter(limit, now: start)
    }

    private func after(_ span: Duration) -> Deadline {
        start.advanced(by: Deadline.Span(span))
    }

    private func key(_ text: String) throws -> ClientKey {
        ClientKey(try #require(IPAddress(text)))
    }

    @Test func `a burst is allowed, then the rate`() throws {
        var limiter = limiter(rate: 10, burst: 5)
        let client = try key("192.0.2.1")
        let allowed = (0..<7).map { _ in limiter.allows(client, at: start) }
        #expect(allowed.count { $0 } == 5)
        #expect(limiter.allows(client, at: after(.milliseconds(99))) == false)
        #expect(limiter.allows(client, at: after(.milliseconds(100))) == true)
        #expect(limiter.allows(client, at: after(.milliseconds(100))) == false)
    }

    @Test func `a bucket never holds more than the burst`() throws {
        var limiter = limiter(rate: 10, burst: 5)
        let client = try key("192.0.2.1")
        #expect(limiter.allows(client, at: start) == true)
        let later = after(.seconds(3600))
        let allowed = (0..<9).map { _ in limiter.allows(client, at: later) }
        #expect(allowed.count { $0 } == 5)
    }

    @Test func `clients do not spend each other's tokens`() throws {
        var limiter = limiter(rate: 1, burst: 1)
        #expect(limiter.allows(try key("192.0.2.1"), at: start) == true)
        #expect(limiter.allows(try key("192.0.2.2"), at: start) == true)
        #expect(limiter.allows(try key("192.0.2.1"), at: start) == false)
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::ffff:1", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
    ])
    func `an IPv6 client is its subnet`(one: String, other: String, isSame: Bool) throws {
        #expect((try key(one) == key(other)) == isSame)
    }

    @Test func `coming under many addresses buys no more than the table's first tokens`() throws {
        var limiter = limiter(rate: 1, burst: 1, clients: 8)
        let allowed = try (0..<200).map { try limiter.allows(key("10.0.0.\($0)"), at: start) }
        #expect(allowed.count { $0 } == 8)
        // With time the places fill up again, for whoever comes.
        #expect(limiter.allows(try key("10.0.1.1"), at: after(.seconds(1))) == true)
    }

    @Test func `a burst of many clients fits a table of their number times eight`() throws {
        var limiter = limiter(rate: 1, burst: 3, clients: 4096)
        for number in 0..<512 {
            let client = try key("10.1.\(number / 256).\(number % 256)")
            #expect((0..<3).map { _ in limiter.allows(client, at: start) } == [true, true, true])
            #expect(limiter.allows(client, at: start) == false)
        }
    }
}
