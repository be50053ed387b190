import ReelHTTP
import TestSupport

/// A case of `fixtures/http1`, whose README says how it is written.
struct HTTPCase {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    let title: String
    let rule: String
    var limits = HTTPRequestLimits()
    var input: [UInt8] = []
    /// The lines of what is expected, as they stand in the file.
    var expectation: [String] = []
    var comparesFields = false

    init(_ name: String) throws {
        let lines = try Fixture.text(name).split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.count > 4, lines[0].hasPrefix("# "), lines[1].hasPrefix("rule: ") else {
            throw Malformed(description: "\(name): a title and a rule come first")
        }
        title = String(lines[0].dropFirst(2))
        rule = String(lines[1].dropFirst(6))
        var isInput = false
        var isExpectation = false
        for line in lines.dropFirst(2) {
            guard line.last != " " else { throw Malformed(description: "\(name): bare space") }
            switch line {
            case "--- input": isInput = true
            case "--- expect": (isInput, isExpectation) = (false, true)
            case _ where isInput: input += try Self.unescaped(line)
            case _ where isExpectation: expectation.append(String(line))
            default: try setLimit(line)
            }
        }
        comparesFields = expectation.contains { $0.hasPrefix("field ") }
        guard expectation.last?.hasPrefix("then ") == true else {
            throw Malformed(description: "\(name): it ends with its state")
        }
    }

    /// A case of its own making, of which nothing particular is expected.
    init(title: String, input: [UInt8]) {
        self.title = title
        self.input = input
        rule = "none"
        comparesFields = true
    }

    private mutating func setLimit(_ line: Substring) throws {
        let words = line.split(separator: " ")
        guard words.count == 3, words[0] == "limit:", let value = Int(words[2]) else {
            throw Malformed(description: "no limit: \(line)")
        }
        switch words[1] {
        case "targetByteCountMax": limits.targetByteCountMax = value
        case "fieldSectionByteCountMax": limits.fieldSectionByteCountMax = value
        case "fieldCountMax": limits.fieldCountMax = value
        case "bodyByteCountMax": limits.bodyByteCountMax = value
        case "chunkLineByteCountMax": limits.chunkLineByteCountMax = value
        case "chunkExtensionByteCountMax": limits.chunkExtensionByteCountMax = value
        case "trailerSectionByteCountMax": limits.trailerSectionByteCountMax = value
        default: throw Malformed(description: "no limit of that name: \(line)")
        }
    }

    /// What the decoder reports for the input in these pieces, in the words of a case.
    func report(in pieces: [[UInt8]]) -> [String] {
        var decoder = HTTPRequestDecoder(limits: limits)
        var lines: [String] = []
        var isOver = false
        for piece in pieces {
            decoder.feed(piece)
            drain: while !isOver {
                switch decoder.next() {
                case .needMore: break drain
                case .continueExpected: lines.append("continue")
                case .request(let request, let keepAlive):
                    lines += describe(request, keepAlive: keepAlive)
                case .refused(let status, let rule):
                    lines.append("refused \(status.code) \(rule.rawValue)")
                    isOver = true
                }
            }
        }
        return lines + ["then \(decoder.progress)"]
    }

    private func describe(_ request: HTTPRequest, keepAlive: Bool) -> [String] {
        let target = request.target.path + (request.target.query.map { "?" + $0 } ?? "")
        let version = request.version == .http11 ? "HTTP/1.1" : "HTTP/1.0"
        var lines = [
            "request \(request.method.name) \(target) \(version) "
                + (keepAlive ? "keep-alive" : "close")
        ]
        if comparesFields {
            lines += request.fields.fields.map {
                $0.value.isEmpty ? "field \($0.name):" : "field \($0.name): \($0.value)"
            }
        }
        if !request.body.isEmpty { lines.append("body " + Self.escaped(request.body)) }
        return lines
    }

    /// The expectation with repetitions written out, so that it compares as text.
    func expected() throws -> [String] {
        try expectation.map { line in
            guard line.hasPrefix("body ") else {
                return String(decoding: try Self.unescaped(line[...]), as: UTF8.self)
            }
            return "body " + Self.escaped(try Self.unescaped(line.dropFirst(5)))
        }
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if (0x20...0x7E).contains(byte), byte != 0x5C {
                text.append(byte)
            } else {
                text += [0x5C, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func unescaped(_ line: Substring) throws -> [UInt8] {
        var rest = Array(line.utf8)[...]
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "\\"): bytes.append(0x5C)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard let value = UInt8(digits, radix: 16) else {
                    throw Malformed(description: "no byte: \(line)")
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "{"):
                guard let colon = rest.firstIndex(of: 0x3A), let end = rest.firstIndex(of: 0x7D),
                    colon < end, let count = Int(String(decoding: rest[..<colon], as: UTF8.self))
                else { throw Malformed(description: "no repetition: \(line)") }
                let text = String(decoding: rest[(colon + 1)..<end], as: UTF8.self)
                let part = try unescaped(text[...])
                for _ in 0..<count { bytes += part }
                rest = rest[(end + 1)...]
            default: throw Malformed(description: "no escape: \(line)")
            }
        }
        return bytes
    }
}
