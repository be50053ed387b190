import ReelHTTP
import TestSupport
import Testing

/// What a decoder keeps of a request for the next one is never seen in either.
struct HTTPRequestReuseTests {
    private func requests(_ texts: [String]) -> [HTTPRequest] {
        var decoder = HTTPRequestDecoder()
        var found: [HTTPRequest] = []
        for text in texts {
            decoder.feed(Array(text.utf8))
            while case .request(let request, _) = decoder.next() { found.append(request) }
        }
        return found
    }

    @Test func `a request that is kept stays what it was`() {
        let found = requests([
            "POST /hook HTTP/1.1\r\nHost: x\r\nA: one\r\nContent-Length: 3\r\n\r\nabc",
            "POST /hook HTTP/1.1\r\nHost: y\r\nB: second\r\nContent-Length: 5\r\n\r\nvwxyz",
            "GET /hook HTTP/1.1\r\nHost: z\r\n\r\n",
        ])
        #expect(found.map(\.method.name) == ["POST", "POST", "GET"])
        #expect(found.map(\.body) == [Array("abc".utf8), Array("vwxyz".utf8), []])
        #expect(found.map { $0.fields["Host"] } == ["x", "y", "z"])
        #expect(found.map { $0.fields["A"] } == ["one", nil, nil])
        #expect(found.map { $0.fields["B"] } == [nil, "second", nil])
        #expect(found.map(\.fields.count) == [3, 3, 1])
    }

    @Test func `nothing of a request is left to the next, whether it is kept or not`() {
        var decoder = HTTPRequestDecoder()
        for turn in 0..<20 {
            let isOdd = turn % 2 == 1
            let text =
                isOdd
                ? "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                : "PUT /a?q HTTP/1.1\r\nHost: x\r\nX-\(turn): y\r\nContent-Encoding: identity\r\n"
                    + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "4\r\nfour\r\n0\r\n\r\n"
            decoder.feed(Array(text.utf8))
            var output = decoder.next()
            if case .continueExpected = output { output = decoder.next() }
            guard case .request(let request, keepAlive: true) = output else {
                Issue.record("no request came out")
                return
            }
            #expect(request.body == (isOdd ? [] : Array("four".utf8)))
            #expect(request.fields.count == (isOdd ? 1 : 5))
            #expect(request.target.query == (isOdd ? nil : "q"))
        }
    }

    @Test(arguments: [
        ["/a", "/a", "/a?b", "/a", "/ab", "/"], ["*", "/", "*"],
        ["http://x/a", "/a", "http://x/a", "/b"],
    ])
    func `a target is read anew where it differs`(targets: [String]) {
        let found = requests(targets.map { "OPTIONS \($0) HTTP/1.1\r\nHost: x\r\n\r\n" })
        let expected = targets.map { target in
            let path = target.hasPrefix("http://x") ? String(target.dropFirst(8)) : target
            return path == "*" ? HTTPTarget.asterisk : HTTPTarget(path)
        }
        #expect(found.map(\.target) == expected)
    }
}
