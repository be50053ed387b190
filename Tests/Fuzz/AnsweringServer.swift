internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelRuntime

/// A server that gives one answer to every request, and remembers what the last one asked.
final class AnsweringServer: HTTPTransport {
    private let head: HTTPClientResponse.Head
    private let body: [UInt8]
    private let asked = Locked(0)

    init(_ status: Int, _ fields: HTTPFields, _ body: [UInt8]) {
        head = HTTPClientResponse.Head(status: HTTPStatus(status), fields: fields)
        self.body = body
    }

    var requestCount: Int { asked.withLock { $0 } }

    func stream(
        _ request: HTTPClientRequest
    ) async throws(HTTPClientError) -> any HTTPClientStream {
        asked.withLock { $0 += 1 }
        return WholeAnswer(head, request.method == .head ? [] : body)
    }
}

private final class WholeAnswer: HTTPClientStream {
    let head: HTTPClientResponse.Head
    private let left: Locked<[UInt8]>

    init(_ head: HTTPClientResponse.Head, _ body: [UInt8]) {
        self.head = head
        left = Locked(body)
    }

    func next() async throws(HTTPClientError) -> [UInt8]? {
        let bytes = left.withLock { left in
            defer { left = [] }
            return left
        }
        return bytes.isEmpty ? nil : bytes
    }

    func cancel() {}
}

/// A clock that stands, and on which nobody waits.
struct StandingTime: TimeSource {
    func now() -> Timestamp { Timestamp(secondsSinceEpoch: 1_795_246_590) }
    func uptime() -> Duration { .seconds(1000) }
    func sleep(for span: Duration) async throws {}
}

/// Runs work that never waits for anything from outside, and blocks until it is done.
func settled<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) -> Value {
    let queue = BlockingQueue<Value>(capacity: 1)
    Task { _ = queue.put(await work()) }
    return queue.take(atMost: 1)[0]
}

/// An input of one control byte, header lines that end in LF, an empty line and a body.
func answer(_ input: [UInt8]) -> (control: UInt8, fields: HTTPFields, body: [UInt8])? {
    guard let control = input.first else { return nil }
    var fields = HTTPFields()
    var rest = input.dropFirst()
    while let end = rest.firstIndex(of: 0x0A) {
        let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
        rest = rest[(end + 1)...]
        if line.isEmpty { return (control, fields, Array(rest)) }
        let parts = line.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
        guard parts.count == 2 else { continue }
        fields.append(String(parts[0]), String(parts[1]))
    }
    return nil
}
