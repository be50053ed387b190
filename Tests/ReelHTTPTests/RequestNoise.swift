import ReelRuntime

/// Requests with seeded damage: bytes changed, dropped, doubled or swapped for those that matter.
struct RequestNoise {
    private static let originals = [
        "POST /webhooks/openai HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            + "GET /b HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\n\r\n",
    ]
    private static let telling = Array("\r\n :;,%0\0\t\"\\/\u{7f}[]Ff9-".utf8) + [0x80, 0xFF]

    private let random: SeededRandomSource

    init(seed: UInt64) {
        random = SeededRandomSource(seed: seed)
    }

    func bytes() -> [UInt8] {
        var bytes = Array(Self.originals[pick(Self.originals.count)].utf8)
        for _ in 0...pick(4) where !bytes.isEmpty {
            let index = pick(bytes.count)
            switch pick(4) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(bytes[index], at: index)
            case 2: bytes[index] = Self.telling[pick(Self.telling.count)]
            default: bytes[index] = UInt8(pick(256))
            }
        }
        return bytes
    }

    private func pick(_ count: Int) -> Int { Int(random.below(UInt64(count))) }
}
