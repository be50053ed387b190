internal import ReelHTTP

/// Feeds the request decoder of one connection.
///
/// An input is two bytes, from which the limits and the cuts follow, and then what the client
/// sends. What is checked: the result does not depend on the cuts; the limits hold; a request that
/// comes out has nothing in it that another parser could read differently, so that written out
/// anew it decodes to itself, alone and behind the others.
enum HTTPFuzzer {
    static func check(_ input: [UInt8]) -> Int32 {
        guard input.count > 2 else { return -1 }
        let (control, bytes) = (input[..<2], Array(input[2...]))
        var limits = HTTPRequestLimits()
        if input[0] & 1 == 1 {
            limits.targetByteCountMax = 24
            limits.fieldSectionByteCountMax = 160
            limits.fieldCountMax = 5
            limits.bodyByteCountMax = 20
            limits.chunkLineByteCountMax = 12
            limits.chunkExtensionByteCountMax = 16
            limits.trailerSectionByteCountMax = 32
        }
        let whole = Report([bytes], limits)
        var numbers = ChosenNumbers(control)
        let cut = Report(pieces(of: bytes, &numbers), limits)
        expect(whole.agrees(with: cut), "cut: \(cut) whole: \(whole)")
        for request in whole.requests { check(request, limits) }
        checkRewritten(whole)
        return 0
    }

    private static func pieces(
        of bytes: [UInt8],
        _ numbers: inout ChosenNumbers
    ) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        // One in four goes in byte by byte.
        let longest = numbers.below(4) == 0 ? 1 : 2 + numbers.below(64)
        while start < bytes.count {
            let end = min(bytes.count, start + 1 + numbers.below(longest))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }

    private static func check(_ request: HTTPRequest, _ limits: HTTPRequestLimits) {
        let fields = request.fields.fields
        expect(request.body.count <= limits.bodyByteCountMax, "a body over its limit")
        expect(fields.count <= limits.fieldCountMax, "fields over their limit")
        let target = request.target.path + (request.target.query.map { "?" + $0 } ?? "")
        // An absolute form without a path has one added (RFC 9110, section 4.2.3).
        expect(target.utf8.count <= limits.targetByteCountMax + 1, "a target over its limit")
        expect(
            target == "*" || target.utf8.first == 0x2F && target.utf8.allSatisfy(isVisible),
            "a target with odd bytes"
        )
        for field in fields {
            expect(
                !field.name.isEmpty && field.name.utf8.allSatisfy(isVisible)
                    && !field.name.utf8.contains(0x3A),
                "an odd field name"
            )
            let value = field.value.unicodeScalars
            expect(value.allSatisfy { $0 == "\t" || ($0 >= " " && $0 != "\u{7F}") }, "an odd value")
            expect(value.first != " " && value.last != " ", "a value that is not trimmed")
        }
        let lengths = request.fields.values("content-length")
        let codings = request.fields.values("transfer-encoding")
        expect(lengths.count + codings.count <= 1, "two framings")
        expect(codings.allSatisfy { $0.lowercased() == "chunked" }, "an unknown coding")
        if codings.isEmpty {
            expect((lengths.first.flatMap { Int($0) } ?? 0) == request.body.count, "a wrong length")
        }
        let hosts = request.fields.values("host")
        expect(hosts.count == 1 || hosts.isEmpty && request.version == .http10, "no single host")
    }

    /// Writes the requests out in one plain form, as a proxy would, and decodes them again.
    private static func checkRewritten(_ report: Report) {
        var bytes: [UInt8] = []
        for request in report.requests { bytes += rewritten(request) }
        let again = Report([bytes], HTTPRequestLimits()).requests
        expect(again.count == report.requests.count, "rewritten, another count")
        for (old, new) in zip(report.requests, again) {
            // As text: bytes of repeated fields that are no UTF-8 cannot be had to write them anew.
            expect(
                old.method == new.method && old.target == new.target && old.version == new.version
                    && old.body == new.body && old.fields.fields == new.fields.fields,
                "rewritten, another request: \(old) \(new)"
            )
        }
    }

    private static func rewritten(_ request: HTTPRequest) -> [UInt8] {
        let target = request.target.path + (request.target.query.map { "?" + $0 } ?? "")
        let version = request.version == .http10 ? "1.0" : "1.1"
        var bytes = Array("\(request.method.name) \(target) HTTP/\(version)\r\n".utf8)
        for field in request.fields.fields {
            bytes += Array(field.name.utf8) + [0x3A, 0x20]
            // A value is text: what was not UTF-8 was read as Latin-1, and is written as it was.
            let value =
                request.fields.only(field.name) == nil
                ? Array(field.value.utf8) : Array(request.fields.onlyBytes(field.name) ?? [])
            bytes += value + [0x0D, 0x0A]
        }
        bytes += [0x0D, 0x0A]
        guard request.fields.contains("transfer-encoding") else { return bytes + request.body }
        guard !request.body.isEmpty else { return bytes + Array("0\r\n\r\n".utf8) }
        bytes += Array((String(request.body.count, radix: 16) + "\r\n").utf8)
        return bytes + request.body + Array("\r\n0\r\n\r\n".utf8)
    }

    private static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
}

extension HTTPFuzzer {
    /// What the decoder says to some pieces.
    struct Report {
        /// All but the requests themselves, in order, as text that compares.
        private(set) var lines: [String] = []
        private(set) var requests: [HTTPRequest] = []

        init(_ pieces: [[UInt8]], _ limits: HTTPRequestLimits) {
            var decoder = HTTPRequestDecoder(limits: limits)
            var isOver = false
            for piece in pieces {
                decoder.feed(piece.span)
                drain: while true {
                    let output = decoder.next()
                    if isOver {
                        // Neither a refusal nor a last request is ever taken back.
                        switch output {
                        case .needMore, .refused: break drain
                        case .continueExpected, .request: fatalError("finding: it went on")
                        }
                    }
                    switch output {
                    case .needMore: break drain
                    case .continueExpected: lines.append("continue")
                    case .request(let request, let keepAlive):
                        requests.append(request)
                        lines.append(keepAlive ? "request" : "last request")
                        isOver = !keepAlive
                    case .refused(let status, let rule):
                        expect((400...599).contains(status.code), "refused with \(status.code)")
                        lines.append("refused \(rule.rawValue)")
                        isOver = true
                    }
                }
            }
            lines.append("then \(decoder.progress)")
        }

        func agrees(with other: Report) -> Bool {
            lines == other.lines && requests.count == other.requests.count
                && zip(requests, other.requests).allSatisfy(HTTPFuzzer.isSame)
        }
    }

    private static func isSame(_ left: HTTPRequest, _ right: HTTPRequest) -> Bool {
        left.method == right.method && left.target == right.target && left.version == right.version
            && left.body == right.body && left.fields == right.fields
    }
}
