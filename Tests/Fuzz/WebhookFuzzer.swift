internal import ReelHTTP
internal import ReelRuntime
internal import ReelWebhooks

/// Feeds the verifier, through the decoder, with deliveries.
///
/// An input is one byte for how far the receiver's clock is off, then header lines that end in LF,
/// an empty line, and the body. A fuzzer finds no code by chance, so `@` in a signature stands for
/// the right one under the first secret, `#` for the second's, `~` for that of a secret that the
/// receiver does not have; `@` in a timestamp stands for the time. What is checked: a delivery is
/// verified if and only if a reading of the rules that shares no code with the verifier says so.
enum WebhookFuzzer {
    private static let now: Int64 = 1_795_246_590
    private static let keys: [[UInt8]] = [
        Array(1...32), Array(101...164), Array("another key that is not known".utf8),
    ]
    private static let secrets = keys.dropLast().compactMap { key in
        try? WebhookSecret(parsing: "whsec_" + ReferenceHMAC.base64(key))
    }
    private static let strict = WebhookVerifier(source: "fuzz", secrets: secrets)
    private static let loose = WebhookVerifier(
        source: "fuzz",
        secrets: secrets,
        compatibility: .openai
    )

    static func check(_ input: [UInt8]) -> Int32 {
        expect(secrets.count == 2, "a secret cannot be read")
        guard let control = input.first, let parts = split(input.dropFirst()) else { return -1 }
        checkSecret(parts.body)
        // From 512 s before to 508 s after, in steps that meet both limits.
        let moment = now + Int64(Int8(bitPattern: control)) * 4
        let fields = filledIn(parts.fields, body: parts.body, moment)
        guard let request = request(fields, parts.body) else { return -1 }
        let receivedAt = Timestamp(secondsSinceEpoch: moment)
        let expected = reading(request, moment)
        switch outcome(strict, request, receivedAt) {
        case .success(let delivery):
            expect(expected != nil, "verified without the right code")
            expect(delivery.secretIndex == expected, "the wrong secret: \(delivery.secretIndex)")
            expect(delivery.body == parts.body, "another body")
            expect(
                request.fields.values("webhook-id") == [delivery.webhookID],
                "another id: \(delivery.webhookID)"
            )
        case .failure(let failure):
            expect(expected == nil, "refused as \(failure.rawValue), and the code is right")
        }
        checkLoose(outcome(loose, request, receivedAt), request, isStrict: expected != nil)
        return 0
    }

    private static func outcome(
        _ verifier: WebhookVerifier,
        _ request: HTTPRequest,
        _ moment: Timestamp
    ) -> Result<VerifiedDelivery, VerificationFailure> {
        Result { () throws(VerificationFailure) in
            try verifier.verify(request, receivedAt: moment)
        }
    }

    /// What OpenAI's spellings let in beyond the strict ones still has the right code.
    private static func checkLoose(
        _ outcome: Result<VerifiedDelivery, VerificationFailure>,
        _ request: HTTPRequest,
        isStrict: Bool
    ) {
        guard case .success = outcome else {
            return expect(!isStrict, "the loose reading refuses what the strict one takes")
        }
        let codes = (0..<secrets.count).map { code(request, key: $0) }
        let entries = (request.fields["webhook-signature"] ?? "").split { $0 == " " || $0 == "\t" }
        expect(
            entries.contains { entry in codes.contains { entry == "v1," + $0 || entry == $0 } },
            "verified loosely without the right code"
        )
    }

    /// Which secret verifies a delivery by Standard Webhooks 1.0.0 and the choices of the contract;
    /// nil for none.
    private static func reading(_ request: HTTPRequest, _ moment: Int64) -> Int? {
        let ids = request.fields.values("webhook-id")
        let times = request.fields.values("webhook-timestamp")
        let signatures = request.fields.values("webhook-signature")
        let codings = request.fields.values("content-encoding")
        guard ids.count == 1, times.count == 1, signatures.count == 1,
            codings.isEmpty || codings.map({ $0.lowercased() }) == ["identity"],
            (1...256).contains(ids[0].utf8.count),
            ids[0].utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2E }),
            (1...11).contains(times[0].utf8.count),
            times[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            times[0] == "0" || times[0].utf8.first != 0x30, let time = Int64(times[0]),
            (moment - 300...moment + 300).contains(time),
            signatures[0].utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 9 })
        else { return nil }
        let entries = signatures[0].split { $0 == " " || $0 == "\t" }.filter(isCode).prefix(32)
        guard !entries.isEmpty else { return nil }
        return secrets.indices.first { key in
            let right = "v1," + code(request, key: key)
            return entries.contains { $0 == right }
        }
    }

    /// Whether an entry is `v1,` and the one base64 text of some 32 bytes.
    private static func isCode(_ entry: Substring) -> Bool {
        let text = entry.dropFirst(3).utf8
        return entry.hasPrefix("v1,") && text.count == 44 && text.last == 0x3D
            && text.dropLast().allSatisfy { $0 != 0x3D && alphabet.contains($0) }
            && "AEIMQUYcgkosw048".utf8.contains(text.dropLast().last ?? 0)
    }

    private static let alphabet = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    /// The right code under a key, for the first id and timestamp there are.
    private static func code(_ request: HTTPRequest, key: Int) -> String {
        code(
            id: request.fields["webhook-id"] ?? "",
            time: request.fields["webhook-timestamp"] ?? "",
            body: request.body,
            key: key
        )
    }

    private static func code(id: String, time: String, body: [UInt8], key: Int) -> String {
        let message = Array("\(id).\(time).".utf8) + body
        return ReferenceHMAC.base64(ReferenceHMAC.code(key: keys[key], message: message))
    }

    // MARK: Making a delivery of an input

    private static func split(_ input: ArraySlice<UInt8>) -> (fields: [[UInt8]], body: [UInt8])? {
        var lines: [[UInt8]] = []
        var rest = input
        while let end = rest.firstIndex(of: 0x0A) {
            let line = Array(rest[rest.startIndex..<end])
            rest = rest[(end + 1)...]
            if line.isEmpty { return (lines, Array(rest)) }
            lines.append(line)
        }
        return nil
    }

    private static func filledIn(_ lines: [[UInt8]], body: [UInt8], _ moment: Int64) -> [[UInt8]] {
        let time = Array(String(now).utf8)
        let timed = lines.map { line in
            named(line, "webhook-timestamp") ? line.flatMap { $0 == 0x40 ? time : [$0] } : line
        }
        let id = value(timed, "webhook-id")
        let sent = value(timed, "webhook-timestamp")
        // Made when one is asked for: a code costs more than all the rest.
        var codes: [Int: [UInt8]] = [:]
        func filling(_ key: Int) -> [UInt8] {
            if let made = codes[key] { return made }
            let made = Array(code(id: id, time: sent, body: body, key: key).utf8)
            codes[key] = made
            return made
        }
        return timed.map { line in
            guard named(line, "webhook-signature") else { return line }
            return line.flatMap { byte -> [UInt8] in
                switch byte {
                case UInt8(ascii: "@"): filling(0)
                case UInt8(ascii: "#"): filling(1)
                case UInt8(ascii: "~"): filling(2)
                default: [byte]
                }
            }
        }
    }

    private static func named(_ line: [UInt8], _ name: String) -> Bool {
        String(decoding: line.prefix(name.utf8.count + 1), as: UTF8.self).lowercased() == name + ":"
    }

    private static func value(_ lines: [[UInt8]], _ name: String) -> String {
        guard let line = lines.first(where: { named($0, name) }) else { return "" }
        let value = line.dropFirst(name.utf8.count + 1).drop { $0 == 0x20 || $0 == 9 }
        let trimmed = value.reversed().drop { $0 == 0x20 || $0 == 9 }.reversed()
        return String(decoding: Array(trimmed), as: UTF8.self)
    }

    private static func request(_ lines: [[UInt8]], _ body: [UInt8]) -> HTTPRequest? {
        var bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n".utf8)
        for line in lines { bytes += line + [0x0D, 0x0A] }
        bytes += [0x0D, 0x0A] + body
        var decoder = HTTPRequestDecoder()
        decoder.feed(bytes.span)
        while true {
            switch decoder.next() {
            case .request(let request, _): return request
            case .continueExpected: continue
            case .needMore, .refused: return nil
            }
        }
    }

    /// A secret that is read is the one text of its key.
    private static func checkSecret(_ body: [UInt8]) {
        let text = String(decoding: body, as: UTF8.self)
        guard let secret = try? WebhookSecret(parsing: text) else { return }
        expect(text.hasPrefix("whsec_"), "a secret without its prefix")
        expect(!"\(secret)".contains(text.dropFirst(6)), "a secret that shows itself")
        expect(
            text.utf8.dropFirst(6).allSatisfy { alphabet.contains($0) || $0 == 0x3D },
            "a secret with odd bytes"
        )
    }
}
