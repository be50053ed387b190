import ReelHTTP
import Testing

struct HTTPURLTests {
    @Test(
        arguments: [
            ("https://api.openai.com/v1", "api.openai.com", 443, "/v1", nil),
            ("http://127.0.0.1:8080", "127.0.0.1", 8080, "/", nil),
            ("HTTP://Example.COM/A?b=c?d", "example.com", 80, "/A", "b=c?d"),
            ("http://[2001:DB8::1]:81/?", "[2001:db8::1]", 81, "/", ""),
            ("https://a?b", "a", 443, "/", "b"), ("https://a:/b", "a", 443, "/b", nil),
            ("http://a_b.example./", "a_b.example.", 80, "/", nil),
        ] as [(String, String, UInt16, String, String?)]
    )
    func `an absolute URL is split`(
        text: String,
        host: String,
        port: UInt16,
        path: String,
        query: String?
    ) throws {
        let url = try #require(HTTPURL(text))
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.target.path == path)
        #expect(url.target.query == query)
        #expect(HTTPURL(url.text) == url)
    }

    @Test(arguments: [
        "", "/v1", "example.com", "//example.com", "ftp://a", "http:", "http:/a", "http://",
        "http:///a", "http://user@a", "http://user:pass@a", "http://a:0", "http://a:65536",
        "http://a:b", "http://a b", "http://a/b c", "http://a/#b", "http://[::1", "http://[1]",
        "http://[::1]a", "http://a\\b", "http://é", "http://a/é", "http://a/%4", " http://a",
        "http://a\n", "httpss://a", "javascript:alert(1)", "file:///etc/passwd",
    ])
    func `anything else is no URL`(text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test func `origins compare by scheme, host and port`() throws {
        let url = try #require(HTTPURL("https://A.example/x"))
        #expect(url.hasSameOrigin(as: try #require(HTTPURL("https://a.example:443/y?z"))))
        for other in ["http://a.example:443", "https://a.example:444", "https://b.example"] {
            #expect(!url.hasSameOrigin(as: try #require(HTTPURL(other))))
        }
        #expect(url.origin == "https://a.example")
        #expect(HTTPURL("http://a:8080/x")?.origin == "http://a:8080")
    }

    @Test(
        arguments: [
            ("http://a/v1", ["videos"], "http://a/v1/videos"), ("http://a", ["v"], "http://a/v"),
            ("http://a/v1/?q", ["videos", "a/b"], "http://a/v1/videos/a%2Fb"),
            ("http://a/", ["é ?#%2e"], "http://a/%C3%A9%20%3F%23%252e"),
            ("http://a/", ["..."], "http://a/..."),
        ] as [(String, [String], String)]
    )
    func `segments are data`(base: String, segments: [String], text: String) throws {
        var url = try #require(HTTPURL(base))
        for segment in segments { url = try #require(url.appending(segment)) }
        #expect(url.text == text)
        let isDivided = segments.contains { $0.contains("/") }
        #expect(url.target.segments?.last == (isDivided ? nil : segments.last))
    }

    @Test(arguments: ["", ".", ".."])
    func `a segment that steps elsewhere is refused`(segment: String) throws {
        #expect(try #require(HTTPURL("http://a/b")).appending("c", segment) == nil)
    }

    @Test func `a query is form-encoded`() throws {
        let url = try #require(HTTPURL("http://a/b?old"))
        let made = url.withQuery([("after", "a b&c=d"), ("é", "+")])
        #expect(made.text == "http://a/b?after=a%20b%26c%3Dd&%C3%A9=%2B")
        #expect(made.target.queryItems.map(\.name) == ["after", "é"])
        #expect(made.target.queryValue("after") == "a b&c=d")
        #expect(url.withQuery([]).text == "http://a/b")
    }

    @Test func `a target's segments are decoded one by one`() {
        #expect(HTTPTarget("/a%20b/%C3%A9/")?.segments == ["a b", "é", ""])
        for hidden in ["/a%2Fb", "/%00", "/%ff"] {
            #expect(HTTPTarget(hidden)?.segments == nil, "\(hidden)")
        }
        #expect(HTTPTarget("/?a=1&a=2&b+c=%2")?.queryItems.count == nil)
        #expect(HTTPTarget("/?a=1&a=2&b+c")?.queryValue("a") == "2")
        #expect(HTTPTarget("/?b+c=1")?.queryValue("b c") == "1")
        #expect(HTTPTarget("a") == nil)
    }
}
