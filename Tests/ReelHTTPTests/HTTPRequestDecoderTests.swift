import ReelHTTP
import TestSupport
import Testing

struct HTTPRequestDecoderTests {
    private static let names: [String] = ["valid", "invalid", "smuggling"].flatMap { folder in
        (try? Fixture.names(in: "http1/" + folder, suffix: ".http")) ?? []
    }

    @Test(arguments: names)
    func `a case comes out the same however its bytes are cut`(name: String) throws {
        let example = try HTTPCase(name)
        let expected = try example.expected()
        let isLong = example.input.count > 100_000
        for feeder in ByteFeeder.all(seed: 0x5EED) where !(isLong && feeder == .byteByByte) {
            let report = example.report(in: feeder.pieces(of: example.input))
            #expect(report == expected, "\(name): \(example.title) (\(feeder))")
        }
    }

    @Test func `every rule has a case`() throws {
        let rules = Set(
            try Self.names.flatMap { try HTTPCase($0).expectation }
                .filter { $0.hasPrefix("refused ") }
                .compactMap { $0.split(separator: " ").last.map(String.init) }
        )
        for rule in HTTPRule.allCases {
            #expect(rules.contains(rule.rawValue), "no case is refused by \(rule.rawValue)")
        }
        #expect(rules.count == HTTPRule.allCases.count)
    }

    @Test func `the folder tells what becomes of a case`() throws {
        #expect(Self.names.count >= 400)
        for name in Self.names {
            let isRefused = try HTTPCase(name).expectation.contains { $0.hasPrefix("refused ") }
            #expect(isRefused == !name.hasPrefix("http1/valid/"), "\(name)")
        }
    }

    @Test func `what was refused stays refused`() {
        var decoder = HTTPRequestDecoder()
        decoder.feed(Array("GET / HTTP/1.1\n".utf8))
        for _ in 0..<2 {
            guard case .refused(.badRequest, .bareLF) = decoder.next() else {
                Issue.record("it was not refused")
                return
            }
            decoder.feed(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        }
        #expect(decoder.progress == .ended)
    }

    @Test func `nothing is decoded after the last request`() {
        var decoder = HTTPRequestDecoder()
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        decoder.feed(Array((request + request).utf8))
        guard case .request(_, false) = decoder.next(), case .needMore = decoder.next() else {
            Issue.record("it did not end")
            return
        }
        decoder.feed(Array(request.utf8))
        guard case .needMore = decoder.next() else {
            Issue.record("it went on")
            return
        }
        #expect(decoder.progress == .ended)
    }

    @Test func `it says how far a request has come`() {
        var decoder = HTTPRequestDecoder()
        #expect(decoder.progress == .idle)
        let steps: [(String, HTTPRequestDecoder.Progress)] = [
            ("P", .head), ("OST / HTTP/1.1\r\n", .head),
            ("Host: a\r\nContent-Length: 2\r\n", .head),
            ("\r\n", .body), ("a", .body),
        ]
        for (text, progress) in steps {
            decoder.feed(Array(text.utf8))
            guard case .needMore = decoder.next() else {
                Issue.record("it did not wait after \(text)")
                return
            }
            #expect(decoder.progress == progress)
        }
        decoder.feed(Array("b".utf8))
        guard case .request(let request, true) = decoder.next() else {
            Issue.record("no request came out")
            return
        }
        #expect(request.body == Array("ab".utf8))
        #expect(decoder.progress == .idle)
    }

    @Test func `a span is taken in as an array is`() {
        var decoder = HTTPRequestDecoder()
        let bytes = Array("GET /a?b HTTP/1.0\r\n\r\n".utf8)
        decoder.feed(bytes.span)
        guard case .request(let request, false) = decoder.next() else {
            Issue.record("no request came out")
            return
        }
        #expect(request.target == HTTPTarget("/a?b"))
    }

    @Test func `damaged requests come out the same however they are cut`() {
        let seed: UInt64 = 20_261_121
        for round in 0..<1000 {
            let bytes = RequestNoise(seed: seed &+ UInt64(round)).bytes()
            let example = HTTPCase(title: "noise", input: bytes)
            let whole = example.report(in: [bytes])
            let single = example.report(in: ByteFeeder.byteByByte.pieces(of: bytes))
            #expect(whole == single, "seed \(seed), round \(round): \(bytes)")
            #expect(whole.count <= bytes.count + 1)
        }
    }
}
